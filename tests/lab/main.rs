//! What runs inside the namespaces of a lab: `lab cable DELAY_MS LOSS`, `lab serve PORTS`, `lab answer ADDRESSES PORTS`,
//! `lab knock ADDRESS PORTS`, `lab scan ADDRESSES PORTS [NAME=VALUE...]`, `lab tls ADDRESS:PORT`,
//! `lab services ADDRESSES TCP-PORTS UDP-PORTS` and `lab shots BROWSER ADDRESS:PORT PATHS...`.

mod answer;
mod cable;
mod knock;
mod scan;
mod serve;
mod services;
mod shots;
mod tls;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["cable", delay, loss] => cable::carry(delay.parse()?, loss.parse()?),
        ["serve", ports] => serve::serve(ports),
        ["answer", addresses, ports] => answer::answer(addresses, ports),
        ["knock", address, ports] => knock::knock(address, ports),
        ["scan", addresses, ports, ref options @ ..] => scan::scan(addresses, ports, options),
        ["tls", server] => tls::tls(server),
        ["services", addresses, tcp, udp] => services::services(addresses, tcp, udp),
        ["shots", browser, server, ref paths @ ..] => shots::shots(browser, server, paths),
        _ => Err("lab cable DELAY_MS LOSS | lab serve PORTS | lab answer ADDRESSES PORTS | lab knock ADDRESS PORTS \
                  | lab scan ADDRESSES PORTS [NAME=VALUE...] | lab tls ADDRESS:PORT \
                  | lab services ADDRESSES TCP-PORTS UDP-PORTS | lab shots BROWSER ADDRESS:PORT PATHS..."
            .into()),
    }
}

/// Ports in nmap's manner, `22,80,8000-8100`.
fn ports(text: &str) -> Result<Vec<u16>, Box<dyn Error>> {
    let mut ports = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        ports.extend(first.parse::<u16>()?..=last.parse()?);
    }
    Ok(ports)
}
