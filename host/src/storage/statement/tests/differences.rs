//! What `innkeeper dev` says of statements, against the values in the corpus.

use super::super::{Engine, differences, grammar};

const CORPUS: &str = include_str!("../../../../../tests/corpus/portable.sql");

/// Statements of the corpus, each with whether both engines answer it, with different values.
fn corpus() -> Vec<(String, bool)> {
    let (mut sql, mut answers, mut all) = (String::new(), Vec::new(), Vec::new());
    for line in CORPUS.lines().filter(|line| !line.starts_with('#')).chain([""]) {
        match line.strip_prefix("=> ") {
            Some(answer) => answers.push(answer),
            None if answers.is_empty() => sql = sql + line + "\n",
            None => {
                let differs = answers.len() == 2 && !answers.iter().any(|answer| answer.contains(" error "));
                all.push((std::mem::take(&mut sql).trim().to_owned(), differs));
                answers.clear();
                sql = line.to_owned() + "\n";
            }
        }
    }
    all
}

/// None where the parser does not know the text, as `1 << 32` on SQLite.
fn said(engine: Engine, sql: &str) -> Option<Vec<String>> {
    let tree = grammar::statement(engine, sql).ok()?;
    Some(differences::of(engine, &tree).into_iter().collect())
}

/// What only the types of the columns show.
const UNSEEN: [&str; 3] = [
    "select price * 2 from people where id = 1",
    "select price + 0 from people where id = 2",
    "select born + 1 from people where id = 1",
];

#[test]
fn every_difference_that_the_text_shows_is_said() {
    let corpus = corpus();
    assert!(corpus.iter().filter(|(_, differs)| *differs).count() > 50);
    for engine in [Engine::Postgres, Engine::Sqlite] {
        for (sql, _) in corpus.iter().filter(|(_, differs)| *differs) {
            let Some(said) = said(engine, sql) else { continue };
            // Every computed column has another name, so this says nothing of the value.
            let is_said = said.iter().any(|difference| !difference.contains("name it with AS"));
            let is_named =
                sql.starts_with("select count(*), lower") || sql.starts_with("select cast(1 as bigint), age");
            assert_ne!(is_said || is_named, UNSEEN.contains(&sql.as_str()), "{engine:?} {sql}: {said:?}");
        }
    }
}

#[test]
fn what_is_the_same_is_left_alone() {
    for sql in [
        "select id, email as mail from people where lower(email) = lower($1) order by born desc limit 10",
        "select count(*) as n from people where age / 4 > 3 and email like $1 || '%'",
        "insert into people (id, email) values ($1, $2) on conflict (id) do update set email = excluded.email",
        "select cast(round($1) as integer) as n, cast(id as double precision) as f from people",
        "update people set age = age + 1 where id = $1 returning age",
        "select p.id, substr(p.email, 1, 3) as start from people p join orders o on o.person = p.id",
    ] {
        let said: Vec<String> = [Engine::Postgres, Engine::Sqlite]
            .iter()
            .flat_map(|engine| said(*engine, sql).unwrap())
            .filter(|difference| !difference.starts_with("round()"))
            .collect();
        assert!(said.is_empty(), "{sql}: {said:?}");
    }
}
