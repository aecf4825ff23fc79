//! `atalaya ping`: who answers, and how soon.

use std::time::Duration;

use atalaya_client::Calls;
use atalaya_proto::network::v1::{PingOutcome, PingRequest, PingResponse};
use atalaya_server::config::Settings;
use clap::Args;
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::{Missed, Through, millis, sentence};
use crate::cli::{
    Outcome,
    output::{Form, plain},
};

/// Whom to ping.
#[derive(Args)]
pub(crate) struct Line {
    /// Addresses or names
    #[arg(value_name = "TARGET", required = true)]
    targets: Vec<String>,
    /// How often each is asked
    #[arg(short, long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
    /// How long to wait for each answer, such as `500ms` or `4s`
    #[arg(short = 'W', long, value_name = "TIME", default_value = "4s", value_parser = humantime::parse_duration)]
    timeout: Duration,
    /// Bytes of each packet after its IP header
    #[arg(short, long, value_name = "BYTES", default_value_t = 56)]
    size: u32,
    /// How many routers a packet may pass
    #[arg(short, long, value_name = "NUMBER", default_value_t = 0, hide_default_value = true)]
    ttl: u32,
    #[command(flatten)]
    through: Through,
    #[command(flatten)]
    form: Form,
}

/// One try.
struct Try {
    text: String,
    document: Value,
    round_trip: Option<f64>,
}

impl Line {
    /// Asks each target in turn. Fails if one never answered, or can't be asked.
    pub(crate) async fn run(self, settings: &Settings) -> Outcome {
        let asked = self.through.open(settings).await?;
        let told = self.ask(&asked.calls).await;
        asked.close().await;
        let (documents, missed) = told?;
        if self.form.is_json() && !documents.is_empty() {
            self.form.say("", &documents.into())?;
        }
        missed.end("no answer from")
    }

    async fn ask(&self, calls: &Calls) -> Result<(Vec<Value>, Missed), Box<dyn std::error::Error>> {
        let (mut documents, mut missed) = (Vec::new(), Missed::default());
        for target in &self.targets {
            let mut tries = Vec::new();
            match self.ping(calls, target, &mut tries).await? {
                Err(why) => missed.fail(target, why),
                Ok(()) if tries.iter().all(|tried| tried.round_trip.is_none()) => {
                    missed.know_nothing_of(target);
                }
                Ok(()) => {}
            }
            if !tries.is_empty() {
                documents.push(json!({
                    "target": target,
                    "tries": tries.into_iter().map(|tried| tried.document).collect::<Value>(),
                }));
            }
        }
        Ok((documents, missed))
    }

    /// Tries, and tells of each; the inner error is why there can be no more of them.
    async fn ping(
        &self,
        calls: &Calls,
        target: &str,
        tries: &mut Vec<Try>,
    ) -> Result<Result<(), String>, Box<dyn std::error::Error>> {
        let mut failed = Ok(());
        for number in 1..=self.count {
            let request = PingRequest {
                host: target.to_owned(),
                timeout: Some(self.timeout.try_into()?),
                packet_size: self.size,
                ttl: self.ttl,
            };
            let answer = calls.network().ping(request).await.map(tonic::Response::into_inner);
            let answer = match tried(number, answer) {
                Ok(answer) => answer,
                Err(why) => {
                    failed = Err(why);
                    break;
                }
            };
            if !self.form.is_json() {
                self.form.say(&answer.text, &Value::Null)?;
            }
            tries.push(answer);
        }
        if !self.form.is_json() && !tries.is_empty() {
            self.form.say(summary(target, tries), &Value::Null)?;
        }
        Ok(failed)
    }
}

/// What became of one try; a failure that the next one would have too ends them all.
fn tried(number: u16, answer: Result<PingResponse, Status>) -> Result<Try, String> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(status) if status.code() == Code::DeadlineExceeded => {
            let text = format!("{number}: no answer");
            return Ok(Try { text, document: json!({ "outcome": "timeout" }), round_trip: None });
        }
        Err(status) => return Err(sentence(&status)),
    };
    let round_trip = answer.round_trip.map(millis);
    let outcome = match answer.outcome() {
        PingOutcome::Echoed => "echoed",
        PingOutcome::Unreachable => "unreachable",
        PingOutcome::TtlExceeded => "ttl exceeded",
        PingOutcome::NotPermitted | PingOutcome::Unspecified => return Err(plain(&answer.detail)),
    };
    let ttl = if answer.answer_ttl == 0 { String::new() } else { format!(" ttl {}", answer.answer_ttl) };
    let text = match round_trip {
        Some(millis) => format!("{number}: {} answered in {millis:.3} ms{ttl}", answer.address),
        None => format!("{number}: {}: {outcome}: {}", answer.address, plain(&answer.detail)),
    };
    let document = json!({
        "outcome": outcome,
        "address": answer.address,
        "round_trip_ms": round_trip,
        "ttl": (answer.answer_ttl != 0).then_some(answer.answer_ttl),
        "detail": answer.detail,
    });
    Ok(Try { text, document, round_trip })
}

fn summary(target: &str, tries: &[Try]) -> String {
    let times: Vec<f64> = tries.iter().filter_map(|tried| tried.round_trip).collect();
    let lost = 100.0 * (tries.len() - times.len()) as f64 / tries.len() as f64;
    let head = format!("{}: {} of {} answered, {lost:.0} % lost", plain(target), times.len(), tries.len());
    let Some(least) = times.iter().copied().reduce(f64::min) else { return head };
    let most = times.iter().copied().fold(least, f64::max);
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    format!("{head}; least {least:.3} ms, mean {mean:.3} ms, most {most:.3} ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(millis: i32) -> PingResponse {
        let round_trip = prost_types::Duration { seconds: 0, nanos: millis * 1_000_000 };
        let mut answer = PingResponse { round_trip: Some(round_trip), ..PingResponse::default() };
        answer.set_outcome(PingOutcome::Echoed);
        answer
    }

    #[test]
    fn answers_are_summed_up_and_losses_counted() {
        let mut tries: Vec<Try> = [10, 20].map(|millis| tried(1, Ok(echo(millis))).expect("a try")).into();
        tries.push(tried(3, Err(Status::deadline_exceeded("late"))).expect("a try"));
        assert_eq!(
            summary("host", &tries),
            "host: 2 of 3 answered, 33 % lost; least 10.000 ms, mean 15.000 ms, most 20.000 ms"
        );
        assert!(tried(1, Err(Status::permission_denied("no"))).is_err());
    }
}
