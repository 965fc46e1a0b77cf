//! The limits in force.

use super::super::Visit;
use super::super::view::{Section, Tone, badge};
use super::{shell, tables};
use crate::operations::LimitView;
use maud::{Markup, html};

/// See the module.
pub(in crate::web::dashboard) fn page(visit: &Visit, limits: &[LimitView]) -> Markup {
    let rows = html! {
        thead { tr {
            th scope="col" { "Limit" }
            th.num scope="col" { "Value" }
            th.num.wide scope="col" { "Default" }
            th.wide scope="col" { "Variable" }
        } }
        tbody {
            @for limit in limits {
                tr {
                    th.limit scope="row" {
                        (limit.name.replace('_', " "))
                        @if limit.value != limit.default && limit.default != "-" { " " (badge(Tone::Accent, "set")) }
                        small { (limit.meaning) }
                    }
                    td.num { (limit.value) }
                    td.num.wide.muted { (limit.default) }
                    td.wide { code { (limit.variable) } }
                }
            }
        }
    };
    let content = html! {
        div.page-head { div {
            h1 { "Limits" }
            p { "What holds on this host. A variable of its environment sets another value; an app may have lower ones for itself." }
        } }
        section.card { h2.visually-hidden #limits { "All limits" } (tables::scrolling("limits", "Limits with their values, defaults and variables", "tall", &rows)) }
    };
    shell(visit, "Limits", Section::Limits, &content)
}
