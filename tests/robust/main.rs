//! The real program under blows: killed, starved, cut off, flooded. Whatever happens, it tells what is wrong,
//! loses nothing that it acknowledged, and is well again when the blows end.

mod asking;
mod attacks;
mod audit;
mod bombs;
mod chance;
mod database;
mod disk;
mod door;
mod drain;
mod frames;
mod house;
mod kills;
mod leftovers;
mod line;
mod load;
mod lookups;
mod patience;
mod person;
mod pictures;
mod postgres;
mod procfs;
mod proxy;
mod quiet;
mod remains;
mod roles;
mod sandbox;
mod sites;
mod start;
mod storage;
mod truncated;
mod underway;
