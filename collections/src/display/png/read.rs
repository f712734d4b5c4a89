//! Reads what `markup` wrote: elements, their attributes and their text. Imports: nothing.

/// A step through a drawing.
pub(super) enum Token<'a> {
    Open(&'a str, Attributes<'a>),
    Text(String),
    Close,
}

/// The attributes of an element, as they are written.
pub(super) struct Attributes<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Attributes<'a> {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().copied()
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.parse().ok()
    }
}

/// The steps through `markup`, which one of our writers made.
pub(super) fn tokens(markup: &str) -> impl Iterator<Item = Token<'_>> {
    markup.split('<').skip(1).flat_map(|part| {
        // What is written within is escaped, so a tag ends at the first `>`.
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        let text = (!text.is_empty()).then(|| Token::Text(unescaped(text)));
        let (opened, closed) = match (tag.strip_suffix('/'), tag.starts_with('/')) {
            (_, true) => (None, true),
            (Some(tag), _) => (Some(opened(tag)), true),
            (None, false) => (Some(opened(tag)), false),
        };
        opened.into_iter().chain(closed.then_some(Token::Close)).chain(text)
    })
}

fn opened(tag: &str) -> Token<'_> {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    let mut attributes = Vec::new();
    while let Some((name, after)) = rest.split_once("=\"") {
        let Some((value, after)) = after.split_once('"') else { break };
        attributes.push((name.trim_start(), value));
        rest = after;
    }
    Token::Open(name, Attributes(attributes))
}

fn unescaped(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.into_iter().fold(text.to_owned(), |text, (entity, meant)| text.replace(entity, meant))
}
