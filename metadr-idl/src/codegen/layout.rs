//! Blank lines between the items of formatted code.

/// Sets items apart that have more than a line.
pub(crate) fn spaced(code: &str) -> String {
    let mut spaced = String::with_capacity(code.len() + code.len() / 16);
    let mut before = "";
    for line in code.lines() {
        if begins_item(line.trim_start()) && ends_item(before) {
            spaced.push('\n');
        }
        spaced.extend([line, "\n"]);
        before = line.trim_start();
    }
    spaced
}

/// Documentation and attributes belong to what follows them.
fn begins_item(line: &str) -> bool {
    ["///", "#[", "impl", "pub ", "fn ", "const _", "type "]
        .iter()
        .any(|start| line.starts_with(start))
}

fn ends_item(line: &str) -> bool {
    (line.ends_with('}') || line.ends_with(';'))
        && !line.starts_with("///")
        && !line.starts_with("#[")
}

#[cfg(test)]
mod tests {
    #[test]
    fn items_stand_apart_and_statements_do_not() {
        let code = "mod a {\n    use b;\n    /// C.\n    #[inline]\n    fn c() {\n        d();\n    }\n    \
                    impl E {}\n}\n";
        let expected = "mod a {\n    use b;\n\n    /// C.\n    #[inline]\n    fn c() {\n        d();\n    }\n\n    \
                        impl E {}\n}\n";
        assert_eq!(super::spaced(code), expected);
    }
}
