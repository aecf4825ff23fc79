//! What the routes of port scans read (facts 1.6).

use std::{ops::RangeInclusive, time::Duration};

use serde_json::Value;
use utoipa::ToSchema;

use super::{
    field::{Wrong, integer},
    form::{Form, Shape},
    problem::{Place, Problem},
};

/// Longest text that is looked at as a host.
const MAX_TARGET: usize = 255;
const PORTS: RangeInclusive<i64> = 1..=65_535;
/// Seconds to wait for one port.
const TIMEOUT: RangeInclusive<f64> = 0.1..=30.0;
const USUAL_TIMEOUT: f64 = 1.0;
/// Probes under way at once.
const CONCURRENT: RangeInclusive<i64> = 1..=500;
const USUAL_CONCURRENT: i64 = 100;
/// Bytes of a body that names every port: "65535, " of each.
const LIST_BYTES: usize = 512 * 1024;

/// A port, for the `OpenAPI` document.
#[derive(ToSchema)]
#[schema(minimum = 1, maximum = 65535)]
struct Port(#[expect(dead_code, reason = "its schema is what counts")] u16);

/// One port of a host.
#[derive(ToSchema)]
pub(super) struct Single {
    #[schema(min_length = 1, max_length = 255, example = "192.168.1.1")]
    pub(super) target: String,
    #[schema(minimum = 1, maximum = 65535, example = 80)]
    pub(super) port: u16,
    /// Seconds.
    #[schema(value_type = f64, minimum = 0.1, maximum = 30, default = 1.0, required = false)]
    pub(super) timeout: Duration,
}

impl Shape for Single {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        let (target, port, timeout) = (target(form), form.body("port").int(PORTS), timeout(form));
        Ok(Self { target: target?, port: port? as u16, timeout: timeout? })
    }
}

/// Some ports of a host.
#[derive(ToSchema)]
pub(super) struct Multiple {
    #[schema(min_length = 1, max_length = 255, example = "192.168.1.1")]
    pub(super) target: String,
    /// Each counts once.
    #[schema(inline, value_type = Vec<Port>, min_items = 1, example = json!([80, 443, 22, 5432]))]
    pub(super) ports: Vec<u16>,
    /// Seconds.
    #[schema(value_type = f64, minimum = 0.1, maximum = 30, default = 1.0, required = false)]
    pub(super) timeout: Duration,
    #[schema(minimum = 1, maximum = 500, default = 100, required = false)]
    pub(super) max_concurrent: u32,
}

impl Shape for Multiple {
    const BODY: bool = true;
    const BODY_BYTES: usize = LIST_BYTES;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        let (target, ports) = (target(form), form.body("ports").list(port));
        let (timeout, max_concurrent) = (timeout(form), max_concurrent(form));
        let mut ports = ports?;
        if ports.is_empty() && form.problems.is_empty() {
            form.problems.push(Problem::no_items().at([Place::Name("body"), Place::Name("ports")]));
        }
        ports.sort_unstable();
        ports.dedup();
        Ok(Self { target: target?, ports, timeout: timeout?, max_concurrent: max_concurrent? })
    }
}

/// Ports of a host from one to another.
#[derive(ToSchema)]
pub(super) struct Range {
    #[schema(min_length = 1, max_length = 255, example = "192.168.1.1")]
    pub(super) target: String,
    #[schema(minimum = 1, maximum = 65535, example = 1)]
    pub(super) start_port: u16,
    #[schema(minimum = 1, maximum = 65535, example = 1000)]
    pub(super) end_port: u16,
    /// Seconds.
    #[schema(value_type = f64, minimum = 0.1, maximum = 30, default = 1.0, required = false)]
    pub(super) timeout: Duration,
    #[schema(minimum = 1, maximum = 500, default = 100, required = false)]
    pub(super) max_concurrent: u32,
}

impl Shape for Range {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        let target = target(form);
        let [start, end] = ["start_port", "end_port"].map(|name| form.body(name).int(PORTS));
        let (timeout, max_concurrent) = (timeout(form), max_concurrent(form));
        let (start_port, end_port) = (start? as u16, end? as u16);
        if end_port < start_port {
            let why = "End port must be greater than or equal to start port";
            form.problems.push(Problem::bad(why).at([Place::Name("body")]));
        }
        Ok(Self { target: target?, start_port, end_port, timeout: timeout?, max_concurrent: max_concurrent? })
    }
}

/// The well-known ports of a host.
#[derive(ToSchema)]
pub(super) struct Common {
    #[schema(min_length = 1, max_length = 255, example = "192.168.1.1")]
    pub(super) target: String,
    /// Seconds.
    #[schema(value_type = f64, minimum = 0.1, maximum = 30, default = 1.0, required = false)]
    pub(super) timeout: Duration,
    #[schema(minimum = 1, maximum = 500, default = 100, required = false)]
    pub(super) max_concurrent: u32,
}

impl Shape for Common {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        let (target, timeout, max_concurrent) = (target(form), timeout(form), max_concurrent(form));
        Ok(Self { target: target?, timeout: timeout?, max_concurrent: max_concurrent? })
    }
}

fn target(form: &mut Form) -> Result<String, Wrong> {
    form.body("target").trimmed().text(1..=MAX_TARGET)
}

fn timeout(form: &mut Form) -> Result<Duration, Wrong> {
    form.body("timeout").or(USUAL_TIMEOUT).number(TIMEOUT).map(Duration::from_secs_f64)
}

fn max_concurrent(form: &mut Form) -> Result<u32, Wrong> {
    Ok(form.body("max_concurrent").or(USUAL_CONCURRENT).int(CONCURRENT)? as u32)
}

fn port(value: &Value) -> Result<u16, Problem> {
    let number = integer(value)?;
    if PORTS.contains(&number) {
        Ok(number as u16)
    } else {
        Err(Problem::bad(&format!("Port {number} must be between 1 and 65535")))
    }
}
