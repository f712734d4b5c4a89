//! A page that shows something live: served on the loopback address, on a port that the system picks, to those who know
//! a random token. Imports: nothing.

use std::io;
use std::sync::Arc;

use tiny_http::{Header, Method, Request, Response, Server};

/// A page that is served until it is closed.
pub(super) struct Page {
    server: Arc<Server>,
    url: String,
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the address: who has it can look.
        f.write_str("Page")
    }
}

/// What is asked for, once it is known that the asker may.
enum Asked {
    Page,
    State,
}

impl Page {
    /// Serves what `state` draws, as often as the page asks.
    pub(super) fn serve(state: impl Fn() -> String + Send + 'static) -> io::Result<Page> {
        let server = Arc::new(Server::http("127.0.0.1:0").map_err(io::Error::other)?);
        let address = server.server_addr().to_ip().ok_or_else(|| io::Error::other("it has no address"))?.to_string();
        let token = format!("{:032x}", rand::random::<u128>());
        let url = format!("http://{address}/?token={token}");
        let (listening, name) = (server.clone(), "lazuli-dashboard".to_owned());
        std::thread::Builder::new().name(name).spawn(move || {
            for request in listening.incoming_requests() {
                answer(request, &address, &token, &state);
            }
        })?;
        Ok(Page { server, url })
    }

    /// Its address, with the token.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Page {
    /// Ends the thread that serves it, which holds the port with us.
    fn drop(&mut self) {
        self.server.unblock();
    }
}

fn answer(request: Request, address: &str, token: &str, state: &dyn Fn() -> String) {
    let response = match admitted(&request, address, token) {
        Ok(Asked::Page) => Response::from_string(PAGE),
        Ok(Asked::State) => Response::from_string(state()),
        Err((status, why)) => Response::from_string(why).with_status_code(status),
    };
    let headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        // The address holds the token.
        ("Referrer-Policy", "no-referrer"),
        (
            "Content-Security-Policy",
            "default-src 'none'; img-src data:; connect-src 'self'; style-src 'unsafe-inline'; \
             script-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    ];
    let header = |(name, value): (&str, &str)| Header::from_bytes(name, value).expect("written here");
    let response = headers.into_iter().fold(response, |response, pair| response.with_header(header(pair)));
    // Who asked may be gone.
    let _ = request.respond(response);
}

/// What the request asks for, or the status and reason with which it is turned away.
fn admitted(request: &Request, address: &str, token: &str) -> Result<Asked, (u16, &'static str)> {
    let host = request.headers().iter().find(|header| header.field.equiv("Host")).map(|header| header.value.as_str());
    let port = address.rsplit(':').next().unwrap_or_default();
    // A page of another site may have had its name point here.
    if !host.is_some_and(|host| host == address || host == format!("localhost:{port}")) {
        return Err((403, "this page is served to this machine only"));
    }
    if *request.method() != Method::Get {
        return Err((405, "this page can only be read"));
    }
    let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
    let given = query.split('&').find_map(|pair| pair.strip_prefix("token="));
    if !given.is_some_and(|given| same(given.as_bytes(), token.as_bytes())) {
        return Err((403, "this page needs the token that its full address holds: `dashboard().url()`"));
    }
    match path {
        "/" => Ok(Asked::Page),
        "/state" => Ok(Asked::State),
        _ => Err((404, "there is no such page here")),
    }
}

/// Equality that takes the same time wherever the first difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

const PAGE: &str = include_str!("page.html");

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    /// Status line and body of the answer to a request.
    fn ask(page: &Page, line: &str, host: Option<&str>) -> (String, String) {
        let (address, _) = page.url().strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let host = host.unwrap_or(address);
        write!(stream, "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }

    #[test]
    fn only_who_knows_the_token_may_look() {
        let page = Page::serve(|| "<b>half</b>".to_owned()).unwrap();
        let (_, token) = page.url().split_once("?token=").unwrap();
        let (status, body) = ask(&page, &format!("GET /state?token={token}"), None);
        assert!(status.contains("200") && body.contains("<b>half</b>"), "{status} {body}");
        let (status, body) = ask(&page, &format!("GET /?token={token}"), None);
        assert!(status.contains("200") && body.contains("<script"), "{status} {body}");
        for (line, host, refused) in [
            ("GET /state".to_owned(), None, "403"),
            (format!("GET /state?token={}", "0".repeat(32)), None, "403"),
            (format!("GET /state?token={token}"), Some("example.org"), "403"),
            (format!("POST /state?token={token}"), None, "405"),
            (format!("GET /other?token={token}"), None, "404"),
        ] {
            let (status, body) = ask(&page, &line, host);
            assert!(status.contains(refused) && !body.contains("half"), "{line}: {status} {body}");
        }
    }

    #[test]
    fn a_closed_page_answers_no_more() {
        let page = Page::serve(String::new).unwrap();
        let (address, _) = page.url().strip_prefix("http://").unwrap().split_once('/').unwrap();
        let address = address.to_owned();
        drop(page);
        while TcpStream::connect(&address).is_ok() {
            std::thread::yield_now();
        }
    }
}
