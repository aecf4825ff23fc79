//! How a call ended, in one word pair: `OK`, or `CODE/REASON` as the contract spells them.

use std::fmt::Debug;

use atalaya_client::{Error, UploadError};
use tonic::Status;

use crate::contract;

/// A failure of whatever layer, read as the contract's.
pub trait Failure {
    /// The client's typed error.
    fn error(self) -> Error;
}

impl Failure for Error {
    fn error(self) -> Error {
        self
    }
}

impl Failure for Status {
    fn error(self) -> Error {
        self.into()
    }
}

impl<E: Debug> Failure for UploadError<E> {
    fn error(self) -> Error {
        match self {
            Self::Call(error) => error,
            Self::Content(fault) => panic!("the upload's own bytes failed: {fault:?}"),
        }
    }
}

/// `OK`, or the failure's `CODE/REASON`. The code must be the one that the contract gives to the reason.
pub fn verdict<T>(outcome: Result<T, impl Failure>) -> String {
    match outcome {
        Ok(_) => "OK".to_owned(),
        Err(failure) => of(&failure.error()),
    }
}

/// The failure's `CODE/REASON`; a call that did not fail fails the test.
pub fn refused<T: Debug>(outcome: Result<T, impl Failure>) -> String {
    of(&failure(outcome))
}

/// The failure; a call that did not fail fails the test.
pub fn failure<T: Debug>(outcome: Result<T, impl Failure>) -> Error {
    match outcome {
        Ok(answer) => panic!("this should have been refused: {answer:?}"),
        Err(failure) => failure.error(),
    }
}

/// The failure's `CODE/REASON`.
pub fn of(error: &Error) -> String {
    let code = contract::name(error.code);
    let Some(reason) = error.reason else { return format!("{code}/-") };
    let promised = contract::code(reason);
    assert_eq!(error.code, promised, "{reason:?} came with another code than the contract says");
    format!("{code}/{}", reason.token())
}
