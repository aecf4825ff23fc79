//! How Chromium is started.

use std::path::Path;

/// Features of a browser that somebody sits before: each costs processes, time, or talk with its maker.
const FEATURES_OFF: &str = "--disable-features=Translate,MediaRouter,DialMediaRouteProvider,OptimizationHints,\
    AutofillServerCommunication,CertificateTransparencyComponentUpdater,InterestFeedContentSuggestions,\
    PreloadTopChromeWebUI,WebUIOmniboxPopup,\
    WebUIOmniboxAimPopup,WebUIOmniboxFullPopup";

/// All that is the same each time.
const FLAGS: [&str; 31] = [
    "--headless",
    // Commands come by descriptor 3 and answers go by 4: there is no port to which others could speak.
    "--remote-debugging-pipe",
    // Each page has a proxy of its own. What the browser itself wants goes nowhere: `discard` is listened to by nobody.
    "--proxy-server=http://127.0.0.1:9",
    // Loopback, too, is reached by the proxy only.
    "--proxy-bypass-list=<-loopback>",
    // Names are the proxy's work, should something pass it by.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    // Both speak UDP, which no proxy sees.
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    // Broken sites are looked at too.
    "--ignore-certificate-errors",
    "--block-new-web-contents",
    "--deny-permission-prompts",
    "--disable-notifications",
    "--disable-external-intent-requests",
    "--disable-print-preview",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-startup-window",
    "--no-pings",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--disable-gpu",
    "--hide-scrollbars",
    "--mute-audio",
    "--password-store=basic",
    FEATURES_OFF,
];

/// The command line: with a folder for what the browser keeps, and whether it confines what draws pages.
pub(super) fn flags(profile: &Path, sandboxed: bool) -> Vec<String> {
    let mut flags: Vec<String> = FLAGS.iter().map(|&flag| flag.to_owned()).collect();
    flags.push(format!("--user-data-dir={}", profile.display()));
    if !sandboxed {
        flags.push("--no-sandbox".to_owned());
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_is_off_only_where_that_is_said() {
        let without = |sandboxed| flags(Path::new("/p"), sandboxed).contains(&"--no-sandbox".to_owned());
        assert!(!without(true) && without(false));
        assert!(flags(Path::new("/p"), true).contains(&"--user-data-dir=/p".to_owned()));
    }

    #[test]
    fn each_flag_is_one() {
        for flag in FLAGS {
            assert!(flag.starts_with("--") && !flag.contains('\n'), "{flag}");
        }
    }
}
