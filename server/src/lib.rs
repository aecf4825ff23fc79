//! The house: accounts, images and tasks behind gRPC.
