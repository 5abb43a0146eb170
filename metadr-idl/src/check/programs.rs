//! Programs, versions and procedures.

use super::{Checker, Scope};
use crate::Span;
use crate::ast::{self, Definition};
use crate::model::{Argument, Procedure, Program, Version};
use std::collections::BTreeMap;

impl Checker<'_> {
    pub(super) fn program(
        &mut self,
        definition: &Definition,
        program: &ast::Program,
        scope: &Scope,
    ) -> Option<Program> {
        let number = self.identity(&program.number, scope, "program");
        self.no_name_twice(
            program.versions.iter().map(|version| &version.name),
            "version",
        );
        let versions: Vec<_> = program
            .versions
            .iter()
            .map(|version| self.version(version, scope))
            .collect();
        let versions = versions.into_iter().collect::<Option<Vec<_>>>()?;
        let spans = program.versions.iter().map(|version| version.number.span());
        self.no_number_twice(
            versions.iter().map(|version| version.number).zip(spans),
            "version",
        );
        Some(Program {
            name: definition.name.name.clone(),
            span: definition.name.span,
            docs: definition.docs.clone(),
            namespace: scope.clone(),
            number: number?,
            versions,
        })
    }

    fn version(&mut self, version: &ast::Version, scope: &Scope) -> Option<Version> {
        let number = self.identity(&version.number, scope, "version");
        self.no_name_twice(version.procedures.iter().map(|one| &one.name), "procedure");
        let procedures: Vec<_> = version
            .procedures
            .iter()
            .map(|procedure| self.procedure(procedure, scope))
            .collect();
        let procedures = procedures.into_iter().collect::<Option<Vec<_>>>()?;
        let spans = version.procedures.iter().map(|one| one.number.span());
        self.no_number_twice(
            procedures.iter().map(|one| one.number).zip(spans),
            "procedure",
        );
        Some(Version {
            name: version.name.name.clone(),
            span: version.name.span,
            docs: version.docs.clone(),
            number: number?,
            procedures,
        })
    }

    fn procedure(&mut self, procedure: &ast::Procedure, scope: &Scope) -> Option<Procedure> {
        let number = self.identity(&procedure.number, scope, "procedure");
        let result = match &procedure.result {
            None => Some(None),
            Some(shape) => self.shape(shape, scope).map(Some),
        };
        self.no_name_twice(
            procedure
                .arguments
                .iter()
                .filter_map(|one| one.name.as_ref()),
            "argument",
        );
        let count = procedure.arguments.len();
        let arguments: Vec<_> = procedure
            .arguments
            .iter()
            .enumerate()
            .map(|(index, argument)| {
                let name = match &argument.name {
                    Some(name) => name.name.clone(),
                    None if count == 1 => "arg".to_owned(),
                    None => format!("arg{}", index + 1),
                };
                let ty = self.shape(&argument.shape, scope)?;
                let named = argument.name.as_ref().map(|name| name.span);
                let span = named.unwrap_or(procedure.name.span);
                Some(Argument { name, span, ty })
            })
            .collect();
        Some(Procedure {
            name: procedure.name.name.clone(),
            span: procedure.name.span,
            docs: procedure.docs.clone(),
            number: number?,
            result: result?,
            arguments: arguments.into_iter().collect::<Option<_>>()?,
        })
    }

    fn no_number_twice(&mut self, numbers: impl Iterator<Item = (u32, Span)>, what: &str) {
        let mut seen = BTreeMap::new();
        for (number, span) in numbers {
            if let Some(first) = seen.insert(number, span) {
                let line = self.report.line(first);
                let message =
                    format!("{what} number {number} is given twice, first in line {line}");
                self.report.error(span, message);
            }
        }
    }
}
