//! Tokens by the server's own code, in process: microseconds of CPU to sign and to verify one, for each
//! algorithm, as JSON. `tokens CLAIMS SECONDS ALGORITHM=KEYFILE…`: the keys are PEM, or shared secrets.

use std::{
    error::Error,
    fs,
    hint::black_box,
    io::{self, Write},
};

use atalaya_server::auth::jws::{self, Algorithm, Key, Unverified};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Map, Value, json};

/// How many operations lie between two looks at the clock.
const BATCH: u32 = 50;

fn main() -> Result<(), Box<dyn Error>> {
    // cargo may add flags of its own.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let [claims, seconds, keys @ ..] = &words[..] else {
        return Err("claims, seconds and keys, please".into());
    };
    let (claims, seconds): (Value, f64) = (serde_json::from_str(claims)?, seconds.parse()?);
    let mut found = Map::new();
    for word in keys {
        let (name, file) = word.split_once('=').ok_or("ALGORITHM=KEYFILE, please")?;
        let key = Key::from_file(name.parse::<Algorithm>()?, &fs::read(file)?)?;
        let token = jws::sign(&claims, &key)?;
        let read = || Unverified::parse(&token).and_then(|token| token.verify::<Value>(&key));
        if read().as_ref() != Some(&claims) {
            return Err(format!("{name} does not verify what it signed").into());
        }
        let sign = micros(seconds, || drop(black_box(jws::sign(&claims, &key))))?;
        let verify = micros(seconds, || drop(black_box(read())))?;
        found.insert(name.to_owned(), json!({ "sign": sign, "verify": verify, "bytes": token.len() }));
    }
    writeln!(io::stdout(), "{}", Value::Object(found))?;
    Ok(())
}

/// Microseconds of CPU that one operation takes: the least of the batches that fit.
fn micros(seconds: f64, operation: impl Fn()) -> nix::Result<f64> {
    let (begin, mut least) = (cpu()?, f64::INFINITY);
    while cpu()? - begin < seconds {
        let before = cpu()?;
        for _ in 0..BATCH {
            operation();
        }
        least = least.min(cpu()? - before);
    }
    Ok(least / f64::from(BATCH) * 1e6)
}

/// Seconds of CPU of this process so far.
fn cpu() -> nix::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let (user, system) = (usage.user_time(), usage.system_time());
    Ok((user.tv_sec() + system.tv_sec()) as f64 + (user.tv_usec() + system.tv_usec()) as f64 / 1e6)
}
