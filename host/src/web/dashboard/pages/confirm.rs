//! What an act would do, and the button that does it.

use super::super::page::{Act, HOME};
use super::super::view::{Section, Tone, note, shown, standing_note, when_text};
use super::super::visit::Visit;
use super::{app_address, form_key, sentence, shell, trail};
use crate::operations::{ActivationView, AppView, RollbackPlan, UnknownMigration, VersionView};
use maud::{Markup, html};

/// What is asked.
pub(in crate::web::dashboard) struct Question<'a> {
    pub(in crate::web::dashboard) app: &'a AppView,
    pub(in crate::web::dashboard) act: Act,
    pub(in crate::web::dashboard) versions: &'a [VersionView],
    pub(in crate::web::dashboard) activations: &'a [ActivationView],
    /// What making another version active would mean.
    pub(in crate::web::dashboard) plan: Option<&'a RollbackPlan>,
    /// Why it was not done when it was tried.
    pub(in crate::web::dashboard) problem: Option<&'a str>,
}

impl Question<'_> {
    /// The version that it is about.
    fn version(&self) -> i64 {
        let canary = self.app.canary.as_ref().map(|canary| canary.version);
        self.plan.map(|plan| plan.to).or(canary).unwrap_or_default()
    }

    /// The version, as it was deployed.
    fn found(&self) -> Option<&VersionView> {
        self.versions.iter().find(|version| version.number == self.version())
    }

    /// Whether the host went back from the version by itself.
    fn has_failed(&self) -> bool {
        self.act != Act::Abort && self.found().is_some_and(|version| version.failed)
    }

    fn is_forward(&self) -> bool {
        self.app.active.is_some_and(|active| self.version() > active)
    }

    fn title(&self) -> String {
        let version = self.version();
        match self.act {
            Act::Rollback if self.is_forward() => format!("Activate version {version}?"),
            Act::Rollback => format!("Roll back to version {version}?"),
            Act::Promote => format!("Promote version {version}?"),
            Act::Abort => format!("Abort the canary of version {version}?"),
        }
    }

    fn button(&self) -> String {
        self.title().trim_end_matches('?').to_owned()
    }

    fn consequence(&self) -> Markup {
        let name = html! { span.strong { (self.app.name) } };
        let version = self.version();
        let everywhere = "within seconds, on every host. Requests under way end where they began.";
        match (self.act, self.app.active) {
            (Act::Abort, Some(active)) => html! {
                "Visitors of " (name) " who got version " (version) " get version " (active) " again, " (everywhere)
            },
            (Act::Abort, None) => html! { "Version " (version) " of " (name) " answers nobody any more." },
            (_, Some(active)) => html! {
                "All visitors of " (name) " get version " (version) " in place of version " (active) ", " (everywhere)
            },
            (_, None) => html! { "All visitors of " (name) " get version " (version) ", " (everywhere) },
        }
    }
}

/// The page that asks before an act.
pub(in crate::web::dashboard) fn page(visit: &Visit, question: &Question<'_>) -> Markup {
    let app = question.app;
    let address = app_address(&app.name);
    let title = question.title();
    let content = html! {
        div.narrow {
            div { (trail(&[(HOME, "Apps"), (&address, &app.name)])) h1 { (title) } }
            @if let Some(problem) = question.problem {
                (note(Tone::Bad, &html! { p { span.strong { "It was not done: " } (shown(problem)) } }))
            }
            section.card { div.body.fields {
                p { (question.consequence()) }
                @if question.has_failed() { (failure(visit, question)) }
                @if let Some(plan) = question.plan { (migrations(plan)) }
                (facts(visit, question))
                (form(visit, question, &address))
            } }
        }
    };
    shell(visit, &title, Section::Apps, &content)
}

fn facts(visit: &Visit, question: &Question<'_>) -> Markup {
    let found = question.found();
    let is_activation = question.act == Act::Rollback;
    html! {
        dl.pairs.left {
            @if let Some(version) = found {
                dt { "Deployed" }
                dd { (when_text(&version.deployed_at, visit.now)) @if let Some(by) = &version.deployed_by { " by " (shown(by)) } }
                @if let Some(text) = &version.note { dt { "Note" } dd { (shown(text)) } }
                @if let Some(language) = &version.language { dt { "Language" } dd { (shown(language)) } }
            }
            @if is_activation {
                dt { "Settings" }
                dd { "become those that version " (question.version()) " was deployed with; what " code { "config set" } " and " code { "apps set" } " have set stays" }
                dt { "Data" }
                dd { "stay as they are: rows, files and sessions" }
            }
            @if let (true, Some(canary)) = (is_activation, &question.app.canary) {
                dt { "Canary" } dd { "the one of version " (canary.version) " ends" }
            }
        }
    }
}

/// The version has answered before, and badly.
fn failure(visit: &Visit, question: &Question<'_>) -> Markup {
    let version = question.version();
    let is_about = |activation: &&ActivationView| {
        activation.previous == Some(version) && activation.kind == "automatic rollback"
    };
    let last = question.activations.iter().find(is_about);
    standing_note(
        Tone::Bad,
        &html! {
            p {
                span.strong { "Version " (version) " has failed: the host went back from it by itself" }
                @match last {
                    Some(last) => {
                        ", " (when_text(&last.at, visit.now)) "."
                        @if let Some(why) = &last.note { " " (shown(&sentence(why))) }
                    },
                    None => ".",
                }
            }
        },
    )
}

fn migrations(plan: &RollbackPlan) -> Markup {
    if let Some(why) = &plan.not_known {
        return standing_note(
            Tone::Bad,
            &html! { p { span.strong { "It cannot be told which migrations have been run. " } (shown(&sentence(why))) } },
        );
    }
    if plan.unknown_migrations.is_empty() {
        return html! {};
    }
    let number = plan.unknown_migrations.len();
    let tone = if plan.needs_force { Tone::Bad } else { Tone::Warn };
    standing_note(
        tone,
        &html! {
            p.strong {
                "Version " (plan.to) " does not know "
                @if number == 1 { "a migration that has run." } @else { (number) " migrations that have run." }
            }
            ul { @for migration in &plan.unknown_migrations { li { (one_migration(migration)) } } }
        },
    )
}

fn one_migration(migration: &UnknownMigration) -> Markup {
    html! {
        code { (shown(&migration.name)) }
        @if let Some(version) = migration.version { " of version " (version) }
        @if migration.destroyed.is_empty() { ": added something, which an earlier version seldom minds" }
        @else { ": destroyed " (shown(&migration.destroyed.join(", "))) ", which it may want to read" }
    }
}

fn form(visit: &Visit, question: &Question<'_>, address: &str) -> Markup {
    let needs_force = question.plan.is_some_and(|plan| plan.needs_force);
    let is_onward = question.act == Act::Promote || question.is_forward() && question.act == Act::Rollback;
    let class = if is_onward && !question.has_failed() { "primary" } else { "danger" };
    let is_unknown = question.plan.is_some_and(|plan| plan.not_known.is_some());
    html! {
        form.fields method="post" action={ (address) "/" (question.act.name()) } {
            (form_key(visit))
            input type="hidden" name="version" value=(question.version());
            @if let Some(active) = question.app.active { input type="hidden" name="instead-of" value=(active); }
            div.field {
                label for="note" { "Note " span.hint { "(optional)" } }
                input #note type="text" name="note" maxlength="1000" autocomplete="off" aria-describedby="about-note";
                p.hint #about-note { "Why. It stands in the history and in the audit log." }
            }
            @if needs_force {
                label.check {
                    input type="checkbox" name="force" value="yes" required;
                    @if is_unknown {
                        span { "Do it although nobody can tell whether something is gone that version " (question.version()) " knows." }
                    } @else {
                        span { "Do it although something is gone that version " (question.version()) " knows." }
                    }
                }
            }
            div.actions {
                button class=(class) type="submit" { (question.button()) }
                a.button href=(address) { "Cancel" }
            }
        }
    }
}
