//! What the server says of itself to strangers: its services, its contract, its health.

use std::collections::BTreeSet;

use atalaya_proto::{
    audit::v1::audit_service_server,
    images::v1::{evidence_service_server, image_service_server},
    network::v1::{network_service_server, target_service_server},
    scans::v1::{
        alert_service_server, config_service_server, operator_service_server, scan_service_server,
        schedule_service_server, setting_service_server, stats_service_server, webhook_service_server,
    },
    tasks::v1::task_service_server,
    users::v1::{
        account_service_server, identity_service_server, omikron_service_server,
        personal_token_service_server, session_service_server, token_service_server,
    },
};
use atalaya_tests::{House, contract};
use futures::stream;
use prost::Message;
use prost_types::FileDescriptorProto;
use tonic::{Code, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::{v1, v1alpha};

const OURS: [&str; 20] = [
    account_service_server::SERVICE_NAME,
    session_service_server::SERVICE_NAME,
    token_service_server::SERVICE_NAME,
    personal_token_service_server::SERVICE_NAME,
    identity_service_server::SERVICE_NAME,
    omikron_service_server::SERVICE_NAME,
    audit_service_server::SERVICE_NAME,
    evidence_service_server::SERVICE_NAME,
    image_service_server::SERVICE_NAME,
    network_service_server::SERVICE_NAME,
    target_service_server::SERVICE_NAME,
    operator_service_server::SERVICE_NAME,
    scan_service_server::SERVICE_NAME,
    setting_service_server::SERVICE_NAME,
    config_service_server::SERVICE_NAME,
    schedule_service_server::SERVICE_NAME,
    stats_service_server::SERVICE_NAME,
    alert_service_server::SERVICE_NAME,
    webhook_service_server::SERVICE_NAME,
    task_service_server::SERVICE_NAME,
];

/// Asks one thing of the reflection service.
async fn ask(
    channel: &Channel,
    what: v1::server_reflection_request::MessageRequest,
) -> v1::server_reflection_response::MessageResponse {
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let request = v1::ServerReflectionRequest { host: String::new(), message_request: Some(what) };
    let mut answers =
        client.server_reflection_info(stream::iter([request])).await.expect("answers").into_inner();
    let answer = answers.message().await.expect("an answer").expect("an answer");
    answer.message_response.expect("what was asked for")
}

#[tokio::test]
async fn reflection_names_every_service_and_knows_every_file() {
    use v1::{
        server_reflection_request::MessageRequest as Ask, server_reflection_response::MessageResponse as Told,
    };

    House::each(async |house| {
        let Told::ListServicesResponse(list) = ask(&house.channel, Ask::ListServices(String::new())).await
        else {
            panic!("no list of services")
        };
        let names: BTreeSet<_> = list.service.into_iter().map(|service| service.name).collect();
        for name in OURS.iter().chain(&["grpc.health.v1.Health"]) {
            assert!(names.contains(*name), "{name} is not among {names:?}");
        }
        for symbol in OURS.iter().copied().chain(["google.rpc.ErrorInfo", "atalaya.errors.v1.Reason"]) {
            let told = ask(&house.channel, Ask::FileContainingSymbol(symbol.to_owned())).await;
            let Told::FileDescriptorResponse(files) = told else { panic!("no file has {symbol}") };
            let file = files.file_descriptor_proto.first().expect("a file");
            let file = FileDescriptorProto::decode(file.as_slice()).expect("a descriptor");
            assert!(symbol.starts_with(file.package()), "{symbol} is in {}", file.name());
        }
    })
    .await;
}

#[tokio::test]
async fn the_older_reflection_protocol_answers_as_well() {
    use v1alpha::{
        server_reflection_request::MessageRequest as Ask, server_reflection_response::MessageResponse as Told,
    };

    House::each(async |house| {
        let mut client =
            v1alpha::server_reflection_client::ServerReflectionClient::new(house.channel.clone());
        let message_request = Some(Ask::ListServices(String::new()));
        let request = v1alpha::ServerReflectionRequest { host: String::new(), message_request };
        let mut answers =
            client.server_reflection_info(stream::iter([request])).await.expect("answers").into_inner();
        let answer = answers.message().await.expect("an answer").expect("an answer").message_response;
        let Some(Told::ListServicesResponse(list)) = answer else { panic!("no list of services") };
        assert!(OURS.iter().all(|name| list.service.iter().any(|service| service.name == **name)));
    })
    .await;
}

#[tokio::test]
async fn every_service_is_healthy_and_an_unknown_one_is_not_found() {
    House::each(async |house| {
        let mut health = HealthClient::new(house.channel.clone());
        for service in OURS.into_iter().chain([""]) {
            let request = HealthCheckRequest { service: service.to_owned() };
            let answer = health.check(request.clone()).await.expect("an answer").into_inner();
            assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
            let mut watch = health.watch(request).await.expect("a watch").into_inner();
            assert_eq!(watch.message().await.expect("one").expect("one").status(), ServingStatus::Serving);
        }
        let unknown = HealthCheckRequest { service: "atalaya.Nonsense".to_owned() };
        assert_eq!(health.check(unknown.clone()).await.expect_err("unknown").code(), Code::NotFound);
        let mut watch = health.watch(unknown).await.expect("a watch").into_inner();
        assert_eq!(watch.message().await.expect("one").expect("one").status(), ServingStatus::ServiceUnknown);
        assert!(house.anonymous().healthy().await.is_ok());
    })
    .await;
}

#[test]
fn the_contract_has_exactly_these_services() {
    let services: BTreeSet<_> = contract::methods()
        .into_iter()
        .filter_map(|method| Some(method.trim_start_matches('/').split_once('/')?.0.to_owned()))
        .collect();
    assert_eq!(services, OURS.iter().map(|name| (*name).to_owned()).collect());
}
