//! Reports for a browser: the files of finished scans by their names, as the paths in the API end.

use atalaya_client::{Calls, Error};
use atalaya_proto::scans::v1::{DownloadReportRequest, ListScansRequest, ReportFormat, Scan};
use axum::{
    body::Body,
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use futures::stream;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS},
};

use super::{
    Asked, Route,
    error::{Answer, Fault},
    html::Text,
};

/// Scans that are looked through at once for the one whose report is asked for.
const PAGE: i32 = 1000;
/// A report shows its own pictures in its own style, in our frame, and does nothing.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'self'; sandbox allow-popups",
);

pub(super) fn routes() -> [Route; 1] {
    [("/output/{file}", get(download))]
}

async fn download(Asked { calls, path: name }: Asked<String>) -> Answer<Response> {
    let (scan_id, format) = find(&calls, &name).await?.ok_or_else(|| no_file(&name))?;
    let request = DownloadReportRequest { scan_id, format: format.into() };
    let mut pieces = calls.scans().download_report(request).await?.into_inner();
    let first = pieces.message().await?.ok_or_else(|| Error::missing("report"))?;
    let rest = stream::try_unfold(pieces, async |mut pieces| {
        let piece = pieces.message().await?;
        Ok::<_, tonic::Status>(piece.map(|piece| (Bytes::from(piece.chunk), pieces)))
    });
    let first_chunk = Bytes::from(first.chunk);
    let content = futures::StreamExt::chain(stream::iter([Ok(first_chunk)]), rest);
    let shown = format == ReportFormat::Html;
    let disposition = format!("{}; filename=\"{name}\"", if shown { "inline" } else { "attachment" });
    let header = |text: String| HeaderValue::try_from(text).map_err(|_| Error::missing("name"));
    let headers = HeaderMap::from_iter([
        (CONTENT_TYPE, header(first.content_type)?),
        (CONTENT_DISPOSITION, header(disposition)?),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    ]);
    Ok((headers, Body::from_stream(content)).into_response())
}

fn no_file(name: &str) -> Fault {
    Fault::said(StatusCode::NOT_FOUND, "Report not found", format!("There is no report {name}"))
}

/// Whose report a name is, and of which form.
async fn find(calls: &Calls, name: &str) -> Answer<Option<(i64, ReportFormat)>> {
    let form = match name.rsplit_once('.') {
        Some((_, "html")) => ReportFormat::Html,
        Some((_, "json")) => ReportFormat::Json,
        Some((_, "zip")) => ReportFormat::Zip,
        Some(_) | None => return Ok(None),
    };
    let mut skip = 0;
    loop {
        let request = ListScansRequest { page_size: PAGE, skip, state: 0 };
        let found = calls.scans().list_scans(request).await?.into_inner();
        if let Some(scan) = found.scans.iter().find(|scan| file(scan, form) == Some(name)) {
            return Ok(Some((scan.id, form)));
        }
        skip += PAGE;
        if found.scans.is_empty() || skip >= found.total_size {
            return Ok(None);
        }
    }
}

/// The name of a scan's report.
fn file(scan: &Scan, form: ReportFormat) -> Option<&str> {
    let files = scan.files.as_ref()?;
    let path = match form {
        ReportFormat::Html => &files.html_path,
        ReportFormat::Zip => &files.zip_path,
        ReportFormat::Json | ReportFormat::Unspecified => &files.json_path,
        ReportFormat::Csv => return None,
    };
    path.rsplit('/').next().filter(|name| !name.is_empty())
}

/// A scan's reports on its page: ways to all of them, and the one for people in place.
pub(super) fn shown(scan: &Scan) -> String {
    let forms = [(ReportFormat::Html, "Report"), (ReportFormat::Json, "JSON"), (ReportFormat::Zip, "ZIP")];
    let link = |(form, text): (ReportFormat, &str)| {
        file(scan, form).map(|name| format!("<a href=\"/output/{}\">{text}</a>\n", Text(name)))
    };
    let links: String = forms.into_iter().filter_map(link).collect();
    let Some(page) = file(scan, ReportFormat::Html) else { return String::new() };
    format!(
        "<p class=\"ways\">{links}</p>\n<iframe src=\"/output/{}\" title=\"Report\" sandbox=\"allow-popups\"></iframe>\n",
        Text(page)
    )
}
