//! Programs, versions and procedures.

use super::Checker;
use super::scopes::Place;
use crate::Span;
use crate::ast::{self, Definition, DefinitionKind};
use crate::model::{Argument, Procedure, Program, Version};
use std::collections::BTreeMap;

impl Checker<'_> {
    /// The program that a definition makes; `None` if one of its numbers is
    /// wrong, which is reported.
    pub(super) fn program(&mut self, definition: &Definition, place: Place) -> Option<Program> {
        let DefinitionKind::Program(program) = &definition.kind else {
            unreachable!("the definition is that of a program");
        };
        let number = self.identity(&program.number, place, "program");
        let names = program.versions.iter().map(|version| &version.name);
        self.no_name_twice(names, "version");
        let versions = program.versions.iter();
        let versions: Vec<_> = versions
            .map(|version| self.version(version, place))
            .collect();
        let versions = versions.into_iter().collect::<Option<Vec<_>>>()?;
        let number = number?;
        let spans = program.versions.iter().map(|version| version.number.span());
        let mut seen = BTreeMap::new();
        for (version, span) in versions.iter().zip(spans) {
            let identity = (number, version.number);
            if let Some(first) = seen.insert(version.number, span) {
                let line = self.report.line(first, span);
                let message = format!(
                    "version number {} is given twice, first in {line}",
                    version.number
                );
                self.report.error(span, message);
            } else if let Some(first) = self.identities.insert(identity, span) {
                // Each may have a server of its own, so it need not be a mistake.
                let line = self.report.line(first, span);
                let message = format!(
                    "version {} of program {number} is also given in {line}",
                    version.number
                );
                self.report.warning(span, message);
            }
        }
        Some(Program {
            name: definition.name.name.clone(),
            span: definition.name.span,
            docs: definition.docs.clone(),
            namespace: self.names.scopes.path(place.scope),
            number,
            versions,
        })
    }

    fn version(&mut self, version: &ast::Version, place: Place) -> Option<Version> {
        let number = self.identity(&version.number, place, "version");
        self.no_name_twice(version.procedures.iter().map(|one| &one.name), "procedure");
        let procedures = version.procedures.iter();
        let procedures: Vec<_> = procedures.map(|one| self.procedure(one, place)).collect();
        self.no_number_twice(&procedures, version);
        Some(Version {
            name: version.name.name.clone(),
            span: version.name.span,
            docs: version.docs.clone(),
            number: number?,
            procedures: procedures.into_iter().collect::<Option<_>>()?,
        })
    }

    fn procedure(&mut self, procedure: &ast::Procedure, place: Place) -> Option<Procedure> {
        let number = self.identity(&procedure.number, place, "procedure");
        let result = procedure
            .result
            .as_ref()
            .map(|shape| self.shape(shape, place));
        let names = procedure
            .arguments
            .iter()
            .filter_map(|one| one.name.as_ref());
        self.no_name_twice(names, "argument");
        let count = procedure.arguments.len();
        let arguments = procedure.arguments.iter().enumerate();
        let arguments = arguments.map(|(index, argument)| Argument {
            name: match &argument.name {
                Some(name) => name.name.clone(),
                None if count == 1 => "arg".to_owned(),
                None => format!("arg{}", index + 1),
            },
            span: argument
                .name
                .as_ref()
                .map_or(procedure.name.span, |name| name.span),
            ty: self.shape(&argument.shape, place),
        });
        let arguments = arguments.collect();
        Some(Procedure {
            name: procedure.name.name.clone(),
            span: procedure.name.span,
            docs: procedure.docs.clone(),
            number: number?,
            result,
            arguments,
        })
    }

    fn no_number_twice(&mut self, procedures: &[Option<Procedure>], version: &ast::Version) {
        let mut seen: BTreeMap<u32, Span> = BTreeMap::new();
        for (procedure, written) in procedures.iter().zip(&version.procedures) {
            let Some(Procedure { number, .. }) = procedure else {
                continue;
            };
            let span = written.number.span();
            if let Some(first) = seen.insert(*number, span) {
                let line = self.report.line(first, span);
                let message = format!("procedure number {number} is given twice, first in {line}");
                self.report.error(span, message);
            }
        }
    }
}
