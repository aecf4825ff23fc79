//! A web server for the two files of a front end, so that it has an origin of its own.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    thread,
};

/// The files of a folder, on a port of 127.0.0.1, for as long as the test runs.
pub(crate) struct Pages {
    port: u16,
}

impl Pages {
    /// Serves `index.html` and `page.js` of the folder.
    pub(crate) fn serve(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let folder = folder.to_owned();
        thread::spawn(move || {
            for connection in listener.incoming().filter_map(Result::ok) {
                let folder = folder.clone();
                // A browser opens connections that it then doesn't use.
                thread::spawn(move || answer(&connection, &folder));
            }
        });
        Self { port }
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

/// Answers the one request of a connection. One that ends early is the browser's affair.
fn answer(mut connection: &TcpStream, folder: &Path) -> Option<()> {
    let mut lines = BufReader::new(connection).lines();
    let request = lines.next()?.ok()?;
    while !lines.next()?.ok()?.is_empty() {}
    let (status, kind, body) = match request.split(' ').nth(1)? {
        "/" => ("200 OK", "text/html", read(&folder.join("index.html"))),
        "/page.js" => ("200 OK", "text/javascript", read(&folder.join("page.js"))),
        // Every browser asks for it.
        "/favicon.ico" => ("204 No Content", "image/x-icon", Vec::new()),
        _ => ("404 Not Found", "text/plain", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all(&[head.as_bytes(), &body].concat()).ok()
}

fn read(file: &PathBuf) -> Vec<u8> {
    fs::read(file).unwrap_or_else(|error| panic!("{} can't be read: {error}", file.display()))
}
