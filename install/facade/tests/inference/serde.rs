//! A type of the user's, with serde's traits.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

#[derive(Clone, Serialize, Deserialize)]
pub struct Point {
    x: f64,
}

pub trait Element: Clone + Send + Sync + Serialize + DeserializeOwned + 'static {}

impl<T: Clone + Send + Sync + Serialize + DeserializeOwned + 'static> Element for T {}

pub struct Bag<T>(Vec<T>);

impl<T: Element> Bag<T> {
    pub fn of(items: impl IntoIterator<Item = T>) -> Bag<T> {
        Bag(items.into_iter().collect())
    }

    pub fn map<U: Element, F: Fn(T) -> U + Send + Sync + 'static>(&self, f: F) -> Bag<U> {
        Bag(self.0.iter().cloned().map(f).collect())
    }

    pub fn compute(&self) -> Result<Vec<T>, String> {
        Ok(self.0.clone())
    }
}

types! {
    let points: Bag<Point> = Bag::of(vec![Point { x: 1.0 }]);
    let xs: Bag<f64> = points.map(|p| p.x);
    let again: Vec<Point> = xs.map(|x| Point { x }).compute()?;
    let value: serde_json::Value = serde_json::from_str::<serde_json::Value>("{}")?;
    let name: Option<String> = value["name"].as_str().map(str::to_owned);
    let point: Point = serde_json::from_str::<Point>("{}")?;
    let text: String = serde_json::to_string(&point)?;
    let made: serde_json::Value = serde_json::json!({ "a": 1 });
    let items: i64 = value.as_array().unwrap().iter().filter_map(|v| v.as_i64()).sum::<i64>();
}
