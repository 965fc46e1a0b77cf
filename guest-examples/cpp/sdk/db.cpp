#include "convert.hpp"

namespace innkeeper::db {

namespace {

/// The values, in the form in which the C SDK takes them.
class HostValues {
public:
    explicit HostValues(std::span<const Param> params) {
        for (const Param& param : params) values_.push_back(param.value());
    }
    ik_values get() const { return {values_.data(), values_.size()}; }

private:
    std::vector<ik_value> values_;
};

}  // namespace

Result<Rows> query_values(std::string_view sql, std::span<const Param> values) {
    ik_rows rows;
    if (!ik_query_values(&rows, std::string(sql).c_str(), HostValues(values).get())) return last_error();
    return Rows(rows);
}

Result<std::uint32_t> execute_values(std::string_view sql, std::span<const Param> values) {
    if (!ik_execute_values(std::string(sql).c_str(), HostValues(values).get())) return last_error();
    return ik_affected_rows();
}

Result<Rows> Transaction::query_values(std::string_view sql, std::span<const Param> values) {
    ik_rows rows;
    if (!ik_query_in_values(&handle_, &rows, std::string(sql).c_str(), HostValues(values).get())) return last_error();
    return Rows(rows);
}

Result<std::uint32_t> Transaction::execute_values(std::string_view sql, std::span<const Param> values) {
    if (!ik_execute_in_values(&handle_, std::string(sql).c_str(), HostValues(values).get())) return last_error();
    return ik_affected_rows();
}

Result<> Transaction::commit() { return done_or_error(ik_commit(&handle_)); }
Result<> Transaction::rollback() { return done_or_error(ik_rollback(&handle_)); }

Result<Transaction> begin(const ik_transaction_options& options) {
    Transaction transaction;
    if (!ik_begin(&transaction.handle_, &options)) return last_error();
    return transaction;
}

Result<> commit() { return done_or_error(ik_commit_request()); }
Result<> rollback() { return done_or_error(ik_rollback_request()); }

Result<Cursor> open_cursor_values(std::string_view sql, std::span<const Param> values) {
    Cursor cursor;
    if (!ik_cursor_open_values(&cursor.cursor_, std::string(sql).c_str(), HostValues(values).get())) {
        return last_error();
    }
    return cursor;
}

Result<Rows> Cursor::next(std::uint32_t max_rows) {
    if (!ik_cursor_next(&cursor_, max_rows)) return last_error();
    return Rows(cursor_.rows);
}

Result<std::vector<Outcome>> batch(std::span<const Statement> statements) {
    std::vector<std::string> texts;
    std::vector<HostValues> values;
    for (const Statement& statement : statements) {
        texts.emplace_back(statement.sql);
        values.emplace_back(statement.values);
    }
    std::vector<ik_statement> items;
    for (std::size_t i = 0; i < statements.size(); i++) items.push_back({texts[i].c_str(), values[i].get()});
    std::vector<ik_outcome> done(items.size());
    if (!ik_batch(items.data(), items.size(), done.data())) return last_error();
    std::vector<Outcome> outcomes;
    for (const ik_outcome& outcome : done) outcomes.push_back({outcome.affected, Rows(outcome.rows)});
    return outcomes;
}

Result<> define_table(const Table& table) {
    // Each list of the C SDK ends with an element of zeros.
    std::vector<ik_column> columns;
    for (const Column& column : table.columns) {
        columns.push_back({
            .name = column.name,
            .type = column.type,
            .nullable = column.nullable,
            .identity = column.identity,
            .max_length = column.max_length,
            .initial = column.initial.kind,
            .constant = column.initial.constant.value(),
            .references = {column.references.table, column.references.column, column.references.on_delete},
        });
    }
    columns.push_back({});
    std::vector<ik_index> indexes = table.indexes;
    indexes.push_back({});
    std::vector<ik_check> checks = table.checks;
    checks.push_back({});
    ik_table description{table.name, columns.data(), table.primary_key, indexes.data(), checks.data()};
    return done_or_error(ik_define_table(&description));
}

Result<> migrate(std::span<const Migration> migrations) {
    std::vector<Migration> steps(migrations.begin(), migrations.end());
    std::vector<ik_migration> items;
    for (Migration& step : steps) {
        step.statements.push_back(nullptr);
        step.destroys.push_back(nullptr);
        if (step.sqlite_statements) step.sqlite_statements->push_back(nullptr);
        items.push_back({step.name, step.statements.data(),
                         step.sqlite_statements ? step.sqlite_statements->data() : nullptr, step.destroys.data()});
    }
    return done_or_error(ik_migrate(items.data(), items.size()));
}

}  // namespace innkeeper::db
