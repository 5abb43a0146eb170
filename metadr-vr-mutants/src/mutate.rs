//! Rust in, the same with switches out.

use crate::site::Site;
use anyhow::{Context, Result};
use quote::ToTokens;
use std::collections::HashMap;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, BinOp, Block, Expr, ExprBinary, ExprLit, ExprMethodCall, ImplItemFn, ItemFn,
    ItemImpl, ItemMod, Lit, LitInt, Pat, Stmt, Type, UnOp, parse_quote,
};

/// Adds the sites of a file to `sites`, and returns its text with the switches.
pub(crate) fn mutate(file: &str, text: &str, sites: &mut Vec<Site>) -> Result<String> {
    let mut tree = syn::parse_file(text).context(file.to_owned())?;
    let mut mutation = Mutation {
        file,
        scope: Vec::new(),
        ordinals: HashMap::new(),
        sites,
    };
    mutation.visit_file_mut(&mut tree);
    Ok(prettyplease::unparse(&tree))
}

struct Mutation<'s> {
    file: &'s str,
    /// The type and the function.
    scope: Vec<String>,
    ordinals: HashMap<(String, &'static str), usize>,
    sites: &'s mut Vec<Site>,
}

impl Mutation<'_> {
    /// Adds a site, and returns its number.
    fn site(&mut self, operator: &'static str, code: &impl ToTokens) -> usize {
        let function = self.scope.join("::");
        let ordinal = self
            .ordinals
            .entry((function.clone(), operator))
            .or_default();
        *ordinal += 1;
        self.sites.push(Site {
            file: self.file.to_owned(),
            function,
            operator,
            ordinal: *ordinal,
            code: snippet(code),
        });
        self.sites.len() - 1
    }

    fn within(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.scope.push(name);
        visit(self);
        self.scope.pop();
    }

    /// The condition with the two sites that make it hold always and never.
    fn condition(&mut self, condition: &mut Expr) {
        if has_let(condition) || names_a_switch(condition) {
            return self.visit_expr_mut(condition);
        }
        let always = self.site("if → true", condition);
        let never = self.site("if → false", condition);
        self.visit_expr_mut(condition);
        *condition = parse_quote! {
            (crate::mutant::is(#always) || !crate::mutant::is(#never) && (#condition))
        };
    }

    fn binary(&mut self, expression: &mut ExprBinary) -> Option<Expr> {
        let (operator, other): (_, BinOp) = match expression.op {
            BinOp::Lt(_) => ("< → <=", parse_quote!(<=)),
            BinOp::Le(_) => ("<= → <", parse_quote!(<)),
            BinOp::Gt(_) => ("> → >=", parse_quote!(>=)),
            BinOp::Ge(_) => (">= → >", parse_quote!(>)),
            BinOp::Eq(_) => ("== → !=", parse_quote!(!=)),
            BinOp::Ne(_) => ("!= → ==", parse_quote!(==)),
            BinOp::And(_) => ("&& → ||", parse_quote!(!=)),
            BinOp::Or(_) => ("|| → &&", parse_quote!(==)),
            _ => {
                visit_mut::visit_expr_binary_mut(self, expression);
                return None;
            }
        };
        let is_lazy = matches!(expression.op, BinOp::And(_) | BinOp::Or(_));
        let whole = Expr::Binary(expression.clone());
        if is_lazy && (has_let(&whole) || names_a_switch(&whole)) {
            visit_mut::visit_expr_binary_mut(self, expression);
            return None;
        }
        let number = self.site(operator, expression);
        visit_mut::visit_expr_binary_mut(self, expression);
        let ExprBinary {
            left, op, right, ..
        } = expression;
        if !is_lazy {
            return Some(parse_quote! {
                (match (&(#left), &(#right)) {
                    (left, right) => match crate::mutant::is(#number) {
                        true => left #other right,
                        false => left #op right,
                    },
                })
            });
        }
        // `left && right` is `if left { right } else { left }`, and `||` is the
        // same of `!left`: whether the right side counts is what changes.
        Some(parse_quote! {
            (match #left {
                left => if left #other crate::mutant::is(#number) { #right } else { left },
            })
        })
    }

    fn literal(&mut self, literal: &ExprLit) -> Option<Expr> {
        match &literal.lit {
            Lit::Bool(bool) => {
                let operator = if bool.value {
                    "true → false"
                } else {
                    "false → true"
                };
                let number = self.site(operator, literal);
                Some(parse_quote!((#literal != crate::mutant::is(#number))))
            }
            Lit::Int(int) => {
                let value: u128 = int.base10_parse().ok()?;
                let with = |value: u128| {
                    let suffix = int.suffix();
                    LitInt::new(&format!("{value}{suffix}"), int.span())
                };
                let (up, more) = (self.site("n → n + 1", literal), with(value + 1));
                let Some(value) = value.checked_sub(1) else {
                    return Some(parse_quote!((if crate::mutant::is(#up) { #more } else { #int })));
                };
                let (down, less) = (self.site("n → n - 1", literal), with(value));
                Some(parse_quote! {
                    (if crate::mutant::is(#up) {
                        #more
                    } else if crate::mutant::is(#down) {
                        #less
                    } else {
                        #int
                    })
                })
            }
            _ => None,
        }
    }

    fn method(&mut self, call: &mut ExprMethodCall) -> Option<Expr> {
        let method = call.method.to_string();
        let (operator, other) = match method.as_str() {
            "min" => ("min → max", "max"),
            "max" => ("max → min", "min"),
            "any" => ("any → all", "all"),
            "all" => ("all → any", "any"),
            "is_some" => ("is_some → is_none", "is_none"),
            "is_none" => ("is_none → is_some", "is_some"),
            "is_some_and" => ("is_some_and → is_none_or", "is_none_or"),
            "is_none_or" => ("is_none_or → is_some_and", "is_some_and"),
            _ => {
                visit_mut::visit_expr_method_call_mut(self, call);
                return None;
            }
        };
        // A maximum of an iterator is another thing.
        if matches!(method.as_str(), "min" | "max") && call.args.is_empty() {
            visit_mut::visit_expr_method_call_mut(self, call);
            return None;
        }
        let number = self.site(operator, call);
        visit_mut::visit_expr_method_call_mut(self, call);
        let mut mutated = call.clone();
        mutated.method = syn::Ident::new(other, call.method.span());
        Some(parse_quote!((if crate::mutant::is(#number) { #mutated } else { #call })))
    }

    /// One more and one less than a quorum.
    fn quorum(&mut self, expression: &mut Expr) {
        let more = self.site("quorum → quorum + 1", expression);
        let less = self.site("quorum → quorum - 1", expression);
        visit_mut::visit_expr_mut(self, expression);
        *expression = parse_quote! {
            (match #expression {
                quorum if crate::mutant::is(#more) => quorum + 1,
                quorum if crate::mutant::is(#less) => quorum - 1,
                quorum => quorum,
            })
        };
    }

    fn statement(&mut self, statement: &mut Stmt) {
        let Stmt::Expr(expression, Some(_)) = statement else {
            return visit_mut::visit_stmt_mut(self, statement);
        };
        let operator = match expression {
            Expr::MethodCall(_) => "call → nothing",
            Expr::Try(inner) if matches!(*inner.expr, Expr::MethodCall(_)) => "call → nothing",
            Expr::Assign(assign) if is_place(&assign.left) => "assignment → nothing",
            Expr::Binary(binary) if is_assignment(&binary.op) && is_place(&binary.left) => {
                "assignment → nothing"
            }
            _ => return visit_mut::visit_stmt_mut(self, statement),
        };
        let number = self.site(operator, expression);
        visit_mut::visit_stmt_mut(self, statement);
        *statement = parse_quote!(if !crate::mutant::is(#number) { #statement });
    }
}

impl VisitMut for Mutation<'_> {
    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        if is_quorum(expression) {
            return self.quorum(expression);
        }
        let replacement = match expression {
            Expr::Binary(binary) => self.binary(binary),
            Expr::Lit(literal) => self.literal(literal),
            Expr::MethodCall(call) => self.method(call),
            Expr::If(if_) => {
                self.condition(&mut if_.cond);
                self.visit_block_mut(&mut if_.then_branch);
                if let Some((_, other)) = &mut if_.else_branch {
                    self.visit_expr_mut(other);
                }
                None
            }
            // Its length is a constant.
            Expr::Repeat(repeat) => {
                self.visit_expr_mut(&mut repeat.expr);
                None
            }
            Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => None,
            Expr::Const(_) => None,
            _ => {
                visit_mut::visit_expr_mut(self, expression);
                None
            }
        };
        if let Some(replacement) = replacement {
            *expression = replacement;
        }
    }

    fn visit_block_mut(&mut self, block: &mut Block) {
        for statement in &mut block.stmts {
            self.statement(statement);
        }
    }

    fn visit_pat_mut(&mut self, pattern: &mut Pat) {
        // What else is in a pattern is constant.
        if let Pat::Guard(guard) = pattern {
            self.condition(&mut guard.guard);
        }
    }

    fn visit_item_fn_mut(&mut self, function: &mut ItemFn) {
        if function.sig.constness.is_none() && !is_for_tests(&function.attrs) {
            let name = function.sig.ident.to_string();
            self.within(name, |own| own.visit_block_mut(&mut function.block));
        }
    }

    fn visit_impl_item_fn_mut(&mut self, function: &mut ImplItemFn) {
        if function.sig.constness.is_none() && !is_for_tests(&function.attrs) {
            let name = function.sig.ident.to_string();
            self.within(name, |own| own.visit_block_mut(&mut function.block));
        }
    }

    fn visit_item_impl_mut(&mut self, item: &mut ItemImpl) {
        if !is_for_tests(&item.attrs) && !is_settings(item) {
            let name = match &*item.self_ty {
                Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
                _ => None,
            };
            let name = name.unwrap_or_else(|| snippet(&item.self_ty));
            self.within(name, |own| visit_mut::visit_item_impl_mut(own, item));
        }
    }

    fn visit_item_mod_mut(&mut self, item: &mut ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit_mut::visit_item_mod_mut(self, item);
        }
    }

    // What has to be constant.
    fn visit_type_mut(&mut self, _: &mut Type) {}
    fn visit_attribute_mut(&mut self, _: &mut Attribute) {}
    fn visit_item_const_mut(&mut self, _: &mut syn::ItemConst) {}
    fn visit_item_static_mut(&mut self, _: &mut syn::ItemStatic) {}
    fn visit_item_enum_mut(&mut self, _: &mut syn::ItemEnum) {}
    fn visit_impl_item_const_mut(&mut self, _: &mut syn::ImplItemConst) {}
    fn visit_trait_item_const_mut(&mut self, _: &mut syn::TraitItemConst) {}
    fn visit_angle_bracketed_generic_arguments_mut(
        &mut self,
        _: &mut syn::AngleBracketedGenericArguments,
    ) {
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.to_token_stream().to_string();
        text.contains("cfg") && text.contains("test") || attribute.path().is_ident("test")
    })
}

/// Whether these are the settings that there are without any: nothing says that
/// a timer has to be 20 and not 21.
fn is_settings(item: &ItemImpl) -> bool {
    let is_default = (item.trait_.as_ref()).is_some_and(|(path, _)| path.is_ident("Default"));
    is_default && snippet(&item.self_ty) == "Options"
}

fn is_quorum(expression: &Expr) -> bool {
    match expression {
        Expr::MethodCall(call) => call.method == "quorum" && call.args.is_empty(),
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => path.path.is_ident("quorum"),
            _ => false,
        },
        _ => false,
    }
}

/// Whether it is a field, and not the first value of a variable.
fn is_place(expression: &Expr) -> bool {
    match expression {
        Expr::Field(_) | Expr::Index(_) => true,
        Expr::Unary(unary) => matches!(unary.op, UnOp::Deref(_)),
        _ => false,
    }
}

fn is_assignment(operator: &BinOp) -> bool {
    let text = operator.to_token_stream().to_string();
    text.ends_with('=') && !matches!(text.as_str(), "==" | "!=" | "<=" | ">=")
}

fn has_let(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        Expr::Paren(paren) => has_let(&paren.expr),
        _ => false,
    }
}

/// Whether it is about one of the known defects, which the simulator switches on.
fn names_a_switch(expression: &Expr) -> bool {
    snippet(expression).contains("bug !") || snippet(expression).contains("bug!")
}

/// A piece of code on one line.
fn snippet(code: &impl ToTokens) -> String {
    let text = code.to_token_stream().to_string();
    let mut short: String = text.chars().take(70).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
