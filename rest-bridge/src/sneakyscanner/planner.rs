//! The page of the schedules: all of them, and forms that make, switch, trigger and delete them.

use std::fmt::Write;

use atalaya_client::Error;
use atalaya_proto::scans::v1::{
    CreateScheduleRequest, DeleteScheduleRequest, ListSchedulesRequest, Schedule, TriggerScheduleRequest,
    UpdateScheduleRequest, create_schedule_request::Config as New, schedule::Config,
};
use axum::{
    body::Body,
    extract::RawQuery,
    response::Response,
    routing::{get, post},
};
use http::HeaderMap;
use prost_types::Timestamp;

use super::{
    Asked, Route, Sneakyscanner,
    auth::to,
    body::Fields,
    error::{Answer, Fault},
    fields::zulu,
    html::{Html, Text, Viewer},
    paging::Paging,
    schedules::number,
};
use crate::dialect::Caller;

/// Where the page is.
const HERE: &str = "/schedules";

pub(super) fn routes() -> [Route; 4] {
    [
        (HERE, get(list).post(create)),
        ("/schedules/{id}/trigger", post(trigger)),
        ("/schedules/{id}/switch", post(switch)),
        ("/schedules/{id}/delete", post(delete)),
    ]
}

async fn list(caller: Caller<Sneakyscanner>, RawQuery(query): RawQuery) -> Answer<Html> {
    let paging = Paging::plain(query.as_deref())?;
    let request = ListSchedulesRequest { page_size: paging.size(), skip: paging.skip(), enabled: None };
    let found = caller.schedules().list_schedules(request).await?.into_inner();
    let pages = paging.pages(u32::try_from(found.total_size).unwrap_or_default());
    let mut content = "<h1>Schedules</h1>\n".to_owned() + FORM;
    if found.schedules.is_empty() {
        content += "<p class=\"faint\">There are none here.</p>\n";
    } else {
        content += "<div class=\"wide\"><table>\n<thead><tr><th>Schedule</th><th>Configuration</th><th>When</th>\
            <th>Next</th><th>Last</th><th></th></tr></thead>\n<tbody>\n";
        content.extend(found.schedules.iter().map(row));
        content += "</tbody>\n</table></div>\n";
    }
    content += &paging.ways(HERE, pages, ["Before", "After"]);
    Ok(Html::page("Schedules", Viewer::Operator { again: false }, &content))
}

const FORM: &str = "<form class=\"row\" method=\"post\" action=\"/schedules\">\
    <label for=\"name\">Name<input id=\"name\" type=\"text\" name=\"name\" maxlength=\"100\" required></label>\
    <label for=\"config\">Configuration<input id=\"config\" type=\"text\" name=\"config_file\" \
    placeholder=\"example-site.yaml\" required></label>\
    <label for=\"cron\">When<input id=\"cron\" type=\"text\" name=\"cron_expression\" placeholder=\"0 2 * * SUN\" \
    required></label>\
    <label for=\"zone\">Time zone<input id=\"zone\" type=\"text\" name=\"timezone\" placeholder=\"UTC\"></label>\
    <button>Add</button></form>\n";

fn row(schedule: &Schedule) -> String {
    let config = match &schedule.config {
        Some(Config::ConfigFile(text) | Config::ConfigName(text)) => text.as_str(),
        None => "",
    };
    let (id, switch) = (schedule.id, if schedule.enabled { "Disable" } else { "Enable" });
    let mut row = format!(
        "<tr><td>{name}</td><td>{config}</td><td>{cron} <span class=\"faint\">{zone}</span></td><td>{next}</td>\
         <td>{last}</td><td>",
        name = Text(&schedule.name),
        config = Text(config),
        cron = Text(&schedule.cron),
        zone = Text(&schedule.time_zone),
        next = time(schedule.next_run.as_ref()),
        last = last(schedule),
    );
    for (action, label) in [("trigger", "Scan now"), ("switch", switch), ("delete", "Delete")] {
        let value = if schedule.enabled { "off" } else { "on" };
        let _ = write!(
            row,
            "<form method=\"post\" action=\"/schedules/{id}/{action}\"><button class=\"quiet\" name=\"enabled\" \
             value=\"{value}\">{label}</button></form>"
        );
    }
    row + "</td></tr>\n"
}

/// When it last came due, with a way to the scan or with why there is none.
fn last(schedule: &Schedule) -> String {
    let begun = time(schedule.last_run.as_ref());
    if !schedule.last_problem.is_empty() {
        format!("{begun} <span class=\"failed\">{}</span>", Text(&schedule.last_problem))
    } else if schedule.last_scan_id != 0 {
        format!("<a href=\"/scans/{}\">{begun}</a>", schedule.last_scan_id)
    } else {
        begun
    }
}

fn time(time: Option<&Timestamp>) -> String {
    time.map(zulu).unwrap_or_default().replace('T', " ")
}

async fn create(caller: Caller<Sneakyscanner>, headers: HeaderMap, body: Body) -> Answer<Response> {
    let fields = Fields::read(&headers, body).await?;
    let needed = |name: &str| fields.text(name).map(ToOwned::to_owned).ok_or_else(|| Fault::missing(name));
    let request = CreateScheduleRequest {
        name: needed("name")?,
        config: Some(New::ConfigFile(needed("config_file")?)),
        cron: needed("cron_expression")?,
        time_zone: fields.text("timezone").unwrap_or_default().to_owned(),
        disabled: false,
    };
    caller.schedules().create_schedule(request).await?;
    Ok(to(HERE))
}

async fn trigger(Asked { calls, path }: Asked<String>) -> Answer<Response> {
    let id = number(&path)?;
    let begun = calls.schedules().trigger_schedule(TriggerScheduleRequest { id }).await?.into_inner();
    let scan = begun.scan.ok_or_else(|| Error::missing("scan"))?;
    Ok(to(&format!("/scans/{}", scan.id)))
}

async fn switch(Asked { calls, path }: Asked<String>, headers: HeaderMap, body: Body) -> Answer<Response> {
    let id = number(&path)?;
    let enabled = Some(Fields::read(&headers, body).await?.is_set("enabled"));
    let request = UpdateScheduleRequest { id, enabled, ..UpdateScheduleRequest::default() };
    calls.schedules().update_schedule(request).await?;
    Ok(to(HERE))
}

async fn delete(Asked { calls, path }: Asked<String>) -> Answer<Response> {
    let id = number(&path)?;
    calls.schedules().delete_schedule(DeleteScheduleRequest { id }).await?;
    Ok(to(HERE))
}
