//! The OpenAPI document as a machine reads it.

use harness::World;
use reqwest::Method;
use serde_json::{Map, Value, json};

/// A document that is served.
pub(crate) struct Document(pub(crate) Value);

/// One of its operations.
pub(crate) struct Operation<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) value: &'a Value,
}

impl Document {
    pub(crate) async fn of(world: &World) -> Self {
        Self::of_dialect(world, "lines").await
    }

    pub(crate) async fn of_dialect(world: &World, dialect: &str) -> Self {
        Self(world.rest().get(&format!("/openapi/{dialect}.json")).await.expect(200))
    }

    pub(crate) fn operations(&self) -> Vec<Operation<'_>> {
        fn members(value: &Value) -> serde_json::map::Iter<'_> {
            value.as_object().expect("an object").iter()
        }
        members(&self.0["paths"])
            .flat_map(|(path, methods)| {
                members(methods).map(move |(name, value)| Operation {
                    method: name.to_uppercase().parse().expect("a method"),
                    path,
                    value,
                })
            })
            .collect()
    }

    /// Follows references.
    #[track_caller]
    pub(crate) fn resolve<'a>(&'a self, mut value: &'a Value) -> &'a Value {
        while let Some(name) = value["$ref"].as_str() {
            let pointer = name.strip_prefix('#').expect("a reference into the document");
            value = self.0.pointer(pointer).unwrap_or_else(|| panic!("{name} leads nowhere"));
        }
        value
    }

    /// What is wrong with a value, as the schema sees it. Members that a schema does not know
    /// are wrong.
    pub(crate) fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut faults = vec![];
        self.check(schema, value, "$", &mut faults);
        faults
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let schema = self.resolve(schema);
        for choice in ["oneOf", "anyOf"] {
            if let Some(schemas) = schema[choice].as_array() {
                let fits = schemas.iter().any(|schema| self.faults(schema, value).is_empty());
                if !fits {
                    faults.push(format!("{at} fits none: {value}"));
                }
                return;
            }
        }
        if let Some(schemas) = schema["allOf"].as_array() {
            return self.check(&self.united(schemas), value, at, faults);
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(name) => vec![name],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => vec![],
        };
        if !types.is_empty() && !types.iter().any(|name| is(name, value)) {
            faults.push(format!("{at} is no {types:?}: {value}"));
        }
        if let Some(values) = schema["enum"].as_array()
            && !value.is_null()
            && !values.contains(value)
        {
            faults.push(format!("{at} is not among {values:?}: {value}"));
        }
        if let Some(items) = value.as_array() {
            for (index, item) in items.iter().enumerate() {
                self.check(&schema["items"], item, &format!("{at}[{index}]"), faults);
            }
        }
        if let (Some(members), Some(properties)) =
            (value.as_object(), schema["properties"].as_object())
        {
            self.check_members(schema, properties, members, at, faults);
        }
    }

    /// One object of all the members that several have.
    fn united(&self, schemas: &[Value]) -> Value {
        let (mut properties, mut required) = (Map::new(), vec![]);
        for schema in schemas.iter().map(|schema| self.resolve(schema)) {
            properties.extend(schema["properties"].as_object().cloned().unwrap_or_default());
            required.extend(schema["required"].as_array().cloned().unwrap_or_default());
        }
        json!({ "type": "object", "properties": properties, "required": required })
    }

    fn check_members(
        &self,
        schema: &Value,
        properties: &Map<String, Value>,
        members: &Map<String, Value>,
        at: &str,
        faults: &mut Vec<String>,
    ) {
        let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
        for name in required.iter().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                faults.push(format!("{at}.{name} is missing"));
            }
        }
        for (name, value) in members {
            match properties.get(name) {
                Some(schema) => self.check(schema, value, &format!("{at}.{name}"), faults),
                None => faults.push(format!("{at}.{name} is unknown")),
            }
        }
    }
}

impl Operation<'_> {
    /// The example of its body.
    pub(crate) fn example<'a>(&'a self, document: &'a Document) -> Option<&'a Value> {
        let content = &self.value["requestBody"]["content"]["application/json"];
        let schema = document.resolve(&content["schema"]);
        let choices = schema["oneOf"].as_array().map_or(&[][..], Vec::as_slice);
        let choices = choices.iter().map(|choice| &document.resolve(choice)["example"]);
        [&content["example"], &schema["example"]]
            .into_iter()
            .chain(choices)
            .find(|example| !example.is_null())
    }

    /// The schema of its answers with a status.
    pub(crate) fn schema<'a>(&'a self, document: &'a Document, status: u16) -> Option<&'a Value> {
        let response = document.resolve(&self.value["responses"][status.to_string()]);
        let schema = &response["content"]["application/json"]["schema"];
        (!schema.is_null()).then_some(schema)
    }
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    }
}
