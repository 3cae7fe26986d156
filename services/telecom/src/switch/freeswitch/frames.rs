//! The wire format of the event socket: headers, an empty line, and as many bytes as
//! `Content-Length` says.

use std::collections::HashMap;
use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

const LINE_BYTES_MAX: u64 = 64 * 1_024;
const HEADERS_MAX: usize = 1_000;
const BODY_BYTES_MAX: usize = 1_024 * 1_024;

/// Headers by name.
pub(super) type Headers = HashMap<String, String>;

/// A message of the switch.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) headers: Headers,
    pub(super) body: String,
}

impl Frame {
    /// What kind of message it is: `api/response`.
    pub(super) fn content_type(&self) -> &str {
        self.headers.get("Content-Type").map(String::as_str).unwrap_or_default()
    }

    /// What a command is answered: the body, or the line of a short answer.
    pub(super) fn reply(self) -> String {
        match self.headers.get("Reply-Text") {
            Some(text) if self.body.is_empty() => text.clone(),
            _ => self.body,
        }
    }
}

/// Reads the next message.
///
/// # Errors
/// When the connection ends, or the message is none or too large.
pub(super) async fn read_frame(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Frame> {
    let mut headers = Headers::new();
    loop {
        let mut line = Vec::new();
        let read = (&mut *reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
        if read == 0 || line.last() != Some(&b'\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(&line);
        match line.trim_end_matches(['\r', '\n']) {
            // Some messages are followed by an empty line too many.
            "" if headers.is_empty() => {}
            "" => break,
            line => insert(&mut headers, line)?,
        }
        if headers.len() > HEADERS_MAX {
            return Err(invalid("too many headers"));
        }
    }
    let length = content_length(&headers)?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).await?;
    Ok(Frame { headers, body: String::from_utf8_lossy(&body).into_owned() })
}

/// Reads what a message of type `text/event-plain` holds: an event, whose values are
/// percent-encoded, and perhaps a body of its own.
///
/// # Errors
/// When it is none.
pub(super) fn read_event(text: &str) -> io::Result<Frame> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut headers = Headers::new();
    for line in head.lines() {
        insert(&mut headers, line)?;
    }
    for value in headers.values_mut() {
        *value = decoded(value);
    }
    let length = content_length(&headers)?;
    let body = body.get(..length).ok_or_else(|| invalid("an event is cut off"))?;
    Ok(Frame { headers, body: body.to_owned() })
}

fn insert(headers: &mut Headers, line: &str) -> io::Result<()> {
    let (name, value) = line.split_once(':').ok_or_else(|| invalid("a header has no colon"))?;
    headers.insert(name.to_owned(), value.trim_start().to_owned());
    Ok(())
}

fn content_length(headers: &Headers) -> io::Result<usize> {
    let Some(text) = headers.get("Content-Length") else { return Ok(0) };
    text.trim()
        .parse()
        .ok()
        .filter(|length| *length <= BODY_BYTES_MAX)
        .ok_or_else(|| invalid("a body is too large"))
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::BufReader;

    use super::*;

    async fn read(bytes: &[u8]) -> io::Result<Frame> {
        read_frame(&mut BufReader::new(bytes)).await
    }

    #[tokio::test]
    async fn a_message_ends_where_its_length_says() {
        let text = "Content-Type: api/response\nContent-Length: 4\n\ntrueContent-Type: x/y\n\n";
        let mut reader = BufReader::new(text.as_bytes());
        let first = read_frame(&mut reader).await.unwrap();
        assert_eq!((first.content_type(), first.body.as_str()), ("api/response", "true"));
        let second = read_frame(&mut reader).await.unwrap();
        assert_eq!((second.content_type(), second.body.as_str()), ("x/y", ""));
        assert_eq!(read_frame(&mut reader).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn what_is_cut_off_or_too_large_is_no_message() {
        for bad in [
            "Content-Type: api/response\n".to_owned(),
            "Content-Length: 5\n\nabc".to_owned(),
            "Content-Length: 99999999\n\n".to_owned(),
            "Content-Length: -1\n\n".to_owned(),
            "no colon\n\n".to_owned(),
            format!("A: {}\n\n", "x".repeat(70_000)),
        ] {
            assert!(read(bad.as_bytes()).await.is_err(), "{:.40}", bad);
        }
    }

    #[test]
    fn an_event_is_decoded() {
        let text = "Event-Name: BACKGROUND_JOB\nJob-Command: originate\nA: %2B55%20(48)%zz%\n\
                    Content-Length: 10\n\n-ERR BUSY\nand more";
        let event = read_event(text).unwrap();
        assert_eq!(event.headers["Event-Name"], "BACKGROUND_JOB");
        assert_eq!(event.headers["A"], "+55 (48)%zz%");
        assert_eq!(event.body, "-ERR BUSY\n");
        assert!(read_event("A: b\nContent-Length: 3\n\nab").is_err());
    }

    proptest! {
        #[test]
        fn nothing_that_comes_breaks_the_reader(bytes: Vec<u8>, text: String) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _ = runtime.block_on(read(&bytes));
            let _ = read_event(&text);
            let _ = decoded(&text);
        }
    }
}
