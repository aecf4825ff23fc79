//! The pages that a log-in leads to: all scans, and one.

use std::fmt::Write;

use atalaya_client::Error;
use atalaya_proto::scans::v1::{
    GetScanRequest, Scan, ScanState, StartScanRequest, StopScanRequest, start_scan_request::Config,
};
use axum::{
    body::Body,
    extract::RawQuery,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::HeaderMap;

use super::{
    Asked, Route, Sneakyscanner,
    auth::to,
    body::Fields,
    error::{Answer, Fault},
    fields::{status, zulu},
    html::{Html, Text, Viewer},
    output,
    paging::Paging,
    scans::{duration, number},
};
use crate::dialect::Caller;

pub(super) fn routes() -> [Route; 4] {
    [
        ("/dashboard", get(list)),
        ("/scans", get(list).post(trigger)),
        ("/scans/{id}", get(show)),
        ("/scans/{id}/stop", post(stop)),
    ]
}

async fn list(caller: Caller<Sneakyscanner>, RawQuery(query): RawQuery) -> Answer<Html> {
    let paging = Paging::read(query.as_deref())?;
    let found = caller.scans().list_scans(paging.request()).await?.into_inner();
    let pages = paging.pages(u32::try_from(found.total_size).unwrap_or_default());
    let again = found.scans.iter().any(|scan| scan.state() == ScanState::Running);
    let mut content = "<h1>Scans</h1>\n".to_owned() + START;
    if found.scans.is_empty() {
        content += "<p class=\"faint\">There are none here.</p>\n";
    } else {
        content += "<div class=\"wide\"><table>\n<thead><tr><th>Scan</th><th>State</th><th>Begun</th>\
            <th>Seconds</th><th>Open ports</th><th>Findings</th></tr></thead>\n<tbody>\n";
        content.extend(found.scans.iter().map(row));
        content += "</tbody>\n</table></div>\n";
    }
    content += &paging.ways("/dashboard", pages, ["Newer", "Older"]);
    // What is being typed is not thrown away by looking again.
    let again = again && paging.page > 1;
    Ok(Html::page("Scans", Viewer::Operator { again }, &content))
}

const START: &str = "<form class=\"row\" method=\"post\" action=\"/scans\"><label for=\"config\">Configuration\
    <input id=\"config\" type=\"text\" name=\"config_file\" placeholder=\"example-site.yaml\" required></label>\
    <button>Scan</button></form>\n";

fn row(scan: &Scan) -> String {
    let counts = scan.counts.unwrap_or_default();
    let number = |count: u32| if scan.counts.is_some() { count.to_string() } else { String::new() };
    format!(
        "<tr><td><a href=\"/scans/{id}\">{id} · {title}</a></td><td class=\"{state}\">{state}</td><td>{begun}</td>\
         <td class=\"number\">{seconds}</td><td class=\"number\">{ports}</td><td class=\"number\">{findings}</td></tr>\n",
        id = scan.id,
        title = Text(&scan.title),
        state = status(scan.state()),
        begun = begun(scan),
        seconds = duration(scan).map(|seconds| format!("{seconds:.1}")).unwrap_or_default(),
        ports = number(counts.open_ports),
        findings = number(counts.findings),
    )
}

fn begun(scan: &Scan) -> String {
    scan.start_time.as_ref().map(zulu).unwrap_or_default().replace('T', " ")
}

async fn trigger(caller: Caller<Sneakyscanner>, headers: HeaderMap, body: Body) -> Answer<Response> {
    let fields = Fields::read(&headers, body).await?;
    let config_file = fields.text("config_file").ok_or_else(|| Fault::missing("config_file"))?.to_owned();
    let request = StartScanRequest { config: Some(Config::ConfigFile(config_file)) };
    let began = caller.scans().start_scan(request).await?.into_inner();
    let scan = began.scan.ok_or_else(|| Error::missing("scan"))?;
    Ok(to(&format!("/scans/{}", scan.id)))
}

async fn stop(Asked { calls, path }: Asked<String>) -> Answer<Response> {
    let id = number(&path)?;
    calls.scans().stop_scan(StopScanRequest { id }).await?;
    Ok(to(&format!("/scans/{id}")))
}

async fn show(Asked { calls, path }: Asked<String>) -> Answer<Response> {
    let id = number(&path)?;
    let found = calls.scans().get_scan(GetScanRequest { id }).await?.into_inner();
    let scan = found.scan.ok_or_else(|| Error::missing("scan"))?;
    let title = format!("{id} · {}", scan.title);
    let again = scan.state() == ScanState::Running;
    Ok(Html::page(&title, Viewer::Operator { again }, &content(&scan)).into_response())
}

fn content(scan: &Scan) -> String {
    let state = status(scan.state());
    let mut content = format!(
        "<h1>{}</h1>\n<p><span class=\"{state}\">{state}</span> <span class=\"faint\">· {} · {}</span></p>\n",
        Text(&scan.title),
        Text(&scan.config),
        begun(scan),
    );
    if !scan.error_message.is_empty() {
        let _ = writeln!(content, "<p class=\"notice\">{}</p>", Text(&scan.error_message));
    }
    if scan.state() == ScanState::Running {
        content += &progress(scan);
    }
    content += &output::shown(scan);
    content
}

fn progress(scan: &Scan) -> String {
    let progress = scan.progress.unwrap_or_default();
    format!(
        "<p><progress max=\"1000\" value=\"{}\"></progress></p>\n<p class=\"faint\">{} of {} hosts</p>\n\
         <form method=\"post\" action=\"/scans/{}/stop\"><button class=\"quiet\">Stop</button></form>\n",
        progress.permille, progress.hosts_done, progress.hosts_total, scan.id,
    )
}
