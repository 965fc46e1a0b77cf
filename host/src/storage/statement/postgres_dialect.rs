//! How Postgres reads SQL: as the parser's own dialect does, but for the operators of patterns.
//!
//! The parser gives `~`, `~~` and their like the precedence of `=`. On the server they bind
//! tighter, as every operator without a rule of its own (PostgreSQL documentation, "Operator
//! Precedence"). So in `a = b ~ c` the tree would have `a = b` on the left, and a bound for `b`
//! would go around that. A colon binds nothing, so any operator may stand in a subscript.

use sqlparser::dialect::{BindPlaceholderStyle, Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;
use std::any::TypeId;

/// The dialect of Postgres.
#[derive(Debug)]
pub(super) struct PostgresDialect;

/// What is answered as the parser's own dialect does.
macro_rules! as_the_parser_does {
    ($($name:ident)+) => {
        $(fn $name(&self) -> bool {
            PostgreSqlDialect {}.$name()
        })+
    };
}

impl Dialect for PostgresDialect {
    fn dialect(&self) -> TypeId {
        TypeId::of::<PostgreSqlDialect>()
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        match parser.peek_token_ref().token {
            Token::Tilde
            | Token::TildeAsterisk
            | Token::ExclamationMarkTilde
            | Token::ExclamationMarkTildeAsterisk
            | Token::DoubleTilde
            | Token::DoubleTildeAsterisk
            | Token::ExclamationMarkDoubleTilde
            | Token::ExclamationMarkDoubleTildeAsterisk => Some(Ok(self.prec_value(Precedence::Pipe))),
            _ => PostgreSqlDialect {}.get_next_precedence(parser),
        }
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        PostgreSqlDialect {}.identifier_quote_style(identifier)
    }

    fn ordered_bind_placeholder_style(&self) -> Option<BindPlaceholderStyle> {
        PostgreSqlDialect {}.ordered_bind_placeholder_style()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_identifier_part(ch)
    }

    fn is_reserved_for_identifier(&self, kw: Keyword) -> bool {
        PostgreSqlDialect {}.is_reserved_for_identifier(kw)
    }

    fn is_table_alias(&self, kw: &Keyword, parser: &mut Parser<'_>) -> bool {
        PostgreSqlDialect {}.is_table_alias(kw, parser)
    }

    fn supports_string_literal_column_alias(&self, explicit: bool) -> bool {
        PostgreSqlDialect {}.supports_string_literal_column_alias(explicit)
    }

    fn supports_string_literal_table_alias(&self, explicit: bool) -> bool {
        PostgreSqlDialect {}.supports_string_literal_table_alias(explicit)
    }

    fn is_custom_operator_part(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_custom_operator_part(ch)
    }

    fn prec_value(&self, prec: Precedence) -> u8 {
        match prec {
            // No operator. The parser reads what stands before the colon of `a[1:2]` with it.
            Precedence::Colon => self.prec_unknown(),
            _ => PostgreSqlDialect {}.prec_value(prec),
        }
    }

    fn is_interval_qualifier(&self, kw: Keyword) -> bool {
        PostgreSqlDialect {}.is_interval_qualifier(kw)
    }

    fn is_custom_type_typed_string(&self, first_keyword: Keyword, qualified: bool) -> bool {
        PostgreSqlDialect {}.is_custom_type_typed_string(first_keyword, qualified)
    }

    as_the_parser_does! {
        supports_cte_materialization
        supports_unicode_string_literal
        supports_filter_during_aggregation
        supports_group_by_expr
        supports_drop_group
        supports_alter_user_as_alter_role
        supports_create_group
        supports_create_role_if_not_exists
        allow_extract_custom
        allow_extract_single_quotes
        supports_create_index_with_clause
        supports_sql_option_without_value
        supports_explain_with_utility_options
        supports_listen_notify
        supports_exclude_constraint
        supports_factorial_operator
        supports_bitwise_shift_operators
        supports_tilde_like_match_operator
        supports_comparison_in_between_low_bound
        supports_comment_on
        supports_load_extension
        supports_named_fn_args_with_colon_operator
        supports_named_fn_args_with_expr_name
        supports_named_fn_args_with_assignment_operator
        supports_empty_projections
        supports_nested_comments
        supports_copy_from_stdin_data
        supports_string_escape_constant
        supports_numeric_literal_underscores
        supports_non_decimal_integer_literals
        supports_array_typedef_with_brackets
        supports_geometric_types
        supports_order_by_using_operator
        supports_set_names
        supports_alter_column_type_using
        supports_left_associative_joins_without_parens
        supports_notnull_operator
        supports_interval_options
        supports_insert_table_alias
        supports_create_table_like_parenthesized
        supports_select_wildcard_with_alias
        supports_comma_separated_trim
        supports_xml_expressions
        supports_aliased_function_args
        supports_comment_optimizer_hint
        supports_add_column_if_not_exists
        supports_attach_partition_of
        supports_detach_partition_of
        supports_table_inheritance_markers
        supports_column_generic_options
    }
}
