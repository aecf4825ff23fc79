//! The contract as data: every method, and the gRPC code that belongs to each reason.

use std::{collections::BTreeMap, sync::OnceLock};

use atalaya_proto::{DESCRIPTOR_SET, errors::v1::Reason};
use prost::Message;
use prost_types::{FileDescriptorProto, FileDescriptorSet};
use tonic::Code;

/// What the packages of the contract begin with.
const PACKAGES: &str = "atalaya.";
/// The enum that holds the reasons.
const REASONS: &str = "Reason";
/// Where values stand in an enum's path of a `SourceCodeInfo`: enum, its index, value, its index.
const VALUE_PATH: usize = 4;

/// The files of the contract, without what they import from elsewhere.
pub fn files() -> Vec<FileDescriptorProto> {
    let set = FileDescriptorSet::decode(DESCRIPTOR_SET).expect("the descriptor set is one");
    set.file.into_iter().filter(|file| file.package().starts_with(PACKAGES)).collect()
}

/// Every method as gRPC names it, such as `/atalaya.users.v1.AccountService/SignUp`, in the order of the files.
pub fn methods() -> Vec<String> {
    let files = files();
    let services = files.iter().flat_map(|file| file.service.iter().map(|service| (file.package(), service)));
    services
        .flat_map(|(package, service)| {
            let name = service.name();
            service.method.iter().map(move |method| format!("/{package}.{name}/{}", method.name()))
        })
        .collect()
}

/// The code that a reason always comes with, as its comment in the contract says.
pub fn code(reason: Reason) -> Code {
    static CODES: OnceLock<BTreeMap<i32, Code>> = OnceLock::new();
    let codes = CODES.get_or_init(codes);
    *codes.get(&(reason as i32)).unwrap_or_else(|| panic!("{reason:?} has no code in the contract"))
}

fn codes() -> BTreeMap<i32, Code> {
    let mut codes = BTreeMap::new();
    for file in files() {
        let Some(reasons) = file.enum_type.iter().find(|e| e.name() == REASONS) else { continue };
        let comments = file.source_code_info.as_ref().expect("comments are kept");
        for comment in comments.location.iter().filter(|location| location.path.len() == VALUE_PATH) {
            let value = usize::try_from(comment.path[VALUE_PATH - 1]).expect("an index");
            let name = comment.leading_comments().trim().split(':').next().unwrap_or_default();
            if let Some(code) = code_of(name) {
                codes.insert(reasons.value[value].number(), code);
            }
        }
    }
    codes
}

/// A code's name in specifications, such as `NOT_FOUND`.
pub fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

fn code_of(text: &str) -> Option<Code> {
    (0..=16).map(Code::from_i32).find(|code| name(*code) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_says_its_code_in_its_comment() {
        for reason in Reason::all() {
            assert_ne!(code(reason), Code::Ok, "{reason:?}");
        }
        assert_eq!(code(Reason::ImageNotFound), Code::NotFound);
    }

    #[test]
    fn methods_are_found_in_every_service() {
        let methods = methods();
        for method in ["users.v1.AccountService/SignUp", "tasks.v1.TaskService/WatchTask"] {
            assert!(methods.contains(&format!("/atalaya.{method}")), "{methods:?}");
        }
    }
}
