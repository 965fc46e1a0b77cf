//! Tests of the codec on bytes in the formats of the server.

use super::{CodecError, decode, float, numeric, parameters, types};
use crate::storage::value::{Date, Datetime, OtherValue, Time, Value};
use sqlx::Type;
use sqlx::postgres::types::{Oid, PgRange};
use sqlx::postgres::{PgTypeInfo, Postgres};

fn builtin(oid: u32) -> PgTypeInfo {
    PgTypeInfo::with_oid(Oid(oid))
}

fn decoded(oid: u32, bytes: &[u8]) -> Result<Value, CodecError> {
    decode::decode(&builtin(oid), bytes)
}

fn other(type_name: &str, text: &str) -> Value {
    Value::Other(OtherValue { type_name: type_name.into(), text: text.into() })
}

/// A parameter's bytes as they go over the wire, with their length.
fn encoded(value: &Value, oid: u32) -> Result<Vec<u8>, CodecError> {
    let written = parameters(std::slice::from_ref(value), &[builtin(oid)])?;
    assert_eq!(written.count, 1);
    Ok(written.bytes)
}

fn reason(value: Value, oid: u32) -> String {
    encoded(&value, oid).unwrap_err().to_string()
}

fn numeric_text(words: &[u16]) -> Option<String> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let mut out = String::new();
    numeric::to_text(&bytes, &mut out).map(|()| out)
}

fn numeric_words(text: &str) -> Vec<u16> {
    let mut bytes = Vec::new();
    numeric::from_text(text, &mut bytes).unwrap();
    let (words, _) = bytes.as_chunks::<2>();
    words.iter().map(|word| u16::from_be_bytes(*word)).collect()
}

#[test]
fn numerics_keep_every_digit() {
    let weight = |weight: i16| u16::from_be_bytes(weight.to_be_bytes());
    let cases: [(&str, &[u16]); 9] = [
        ("0", &[0, 0, 0, 0]),
        ("0.00", &[0, 0, 0, 2]),
        ("-12.50", &[2, 0, 0x4000, 2, 12, 5000]),
        ("10000", &[1, 1, 0, 0, 1]),
        ("123456789.000012", &[5, 2, 0, 6, 1, 2345, 6789, 0, 1200]),
        ("0.00001234", &[1, weight(-2), 0, 8, 1234]),
        ("NaN", &[0, 0, 0xC000, 0]),
        ("Infinity", &[0, 0, 0xD000, 0]),
        ("-Infinity", &[0, 0, 0xF000, 0]),
    ];
    for (text, words) in cases {
        assert_eq!(numeric_text(words).as_deref(), Some(text));
        assert_eq!(numeric_words(text), words, "{text}");
    }
    assert_eq!(numeric_words("-0"), [0, 0, 0, 0]);
    assert_eq!(numeric_words("0012."), numeric_words("12"));
}

#[test]
fn what_is_no_numeric_is_refused() {
    let texts = ["", ".", "-", "1e5", "1.2.3", " 1", "1_000", "nan", "٣", "0x1"];
    assert!(texts.iter().all(|text| numeric::from_text(text, &mut Vec::new()).is_err()));
    assert!(numeric::from_text(&"9".repeat(131_073), &mut Vec::new()).is_err());
    assert_eq!(numeric_text(&[2, 0, 0, 0, 1]), None);
    assert_eq!(numeric_text(&[0, 0, 1, 0]), None);
}

#[test]
fn numbers_and_texts_are_read() {
    assert_eq!(decoded(types::INT2, &[0xFF, 0xFE]), Ok(Value::Integer(-2)));
    assert_eq!(decoded(types::INT8, &i64::MIN.to_be_bytes()), Ok(Value::Integer(i64::MIN)));
    assert_eq!(decoded(types::OID, &[0xFF; 4]), Ok(Value::Integer(4_294_967_295)));
    assert_eq!(decoded(types::FLOAT4, &0.1_f32.to_be_bytes()), Ok(Value::Float(0.100_000_001_490_116_12)));
    assert_eq!(decoded(types::JSONB, b"\x01{}"), Ok(Value::Json("{}".into())));
    assert_eq!(decoded(types::VOID, b""), Ok(Value::Null));
    assert_eq!(decoded(types::CHAR, &[0xE9]), Ok(Value::Text("\\351".into())));
    let uuid = [0xF8, 0x1D, 0x4F, 0xAE, 0x7D, 0xEC, 0x11, 0xD0, 0xA7, 0x65, 0x00, 0xA0, 0xC9, 0x1E, 0x6B, 0xF6];
    assert_eq!(decoded(types::UUID, &uuid), Ok(Value::Uuid("f81d4fae-7dec-11d0-a765-00a0c91e6bf6".into())));
}

#[test]
fn moments_are_counted_from_2000() {
    let leap_day = Date { year: 2024, month: 2, day: 29 };
    assert_eq!(decoded(types::DATE, &8825_i32.to_be_bytes()), Ok(Value::Date(leap_day)));
    let time = Time { hour: 24, minute: 0, second: 0, microsecond: 0 };
    assert_eq!(decoded(types::TIME, &86_400_000_000_i64.to_be_bytes()), Ok(Value::Time(time)));
    let at = Datetime {
        date: Date { year: 1999, month: 12, day: 31 },
        time: Time { hour: 23, minute: 59, second: 59, microsecond: 999_999 },
    };
    assert_eq!(decoded(types::TIMESTAMP, &(-1_i64).to_be_bytes()), Ok(Value::Datetime(at)));
    assert_eq!(decoded(types::TIMESTAMPTZ, &0_i64.to_be_bytes()), Ok(Value::Instant(946_684_800_000_000)));
}

#[test]
fn what_no_case_can_hold_is_given_as_text() {
    let name = "timestamp with time zone";
    assert_eq!(decoded(types::DATE, &i32::MAX.to_be_bytes()), Ok(other("date", "infinity")));
    assert_eq!(decoded(types::TIMESTAMPTZ, &i64::MIN.to_be_bytes()), Ok(other(name, "-infinity")));
    let last = 9_223_371_331_199_999_999_i64.to_be_bytes();
    assert_eq!(decoded(types::TIMESTAMPTZ, &last), Ok(other(name, "294276-12-31 23:59:59.999999+00")));
    let interval =
        [&(-3_600_000_000_i64).to_be_bytes()[..], &3_i32.to_be_bytes(), &(-14_i32).to_be_bytes()].concat();
    assert_eq!(decoded(types::INTERVAL, &interval), Ok(other("interval", "-1 years -2 mons +3 days -01:00:00")));
    let address = [&[3, 128, 0, 16][..], &[0; 10], &[0xFF, 0xFF, 10, 0, 0, 1]].concat();
    assert_eq!(decoded(types::INET, &address), Ok(other("inet", "::ffff:10.0.0.1")));
    assert_eq!(decoded(types::VARBIT, &[0, 0, 0, 9, 0b1010_0000, 0x80]), Ok(other("bit varying", "101000001")));
}

fn array(element: u32, dimensions: &[(i32, i32)], items: &[Option<&[u8]>]) -> Vec<u8> {
    let mut bytes = i32::try_from(dimensions.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend([0, 0, 0, 1]);
    bytes.extend(element.to_be_bytes());
    bytes.extend(
        dimensions.iter().flat_map(|(length, lower)| [length.to_be_bytes(), lower.to_be_bytes()].concat()),
    );
    for item in items {
        bytes.extend(item.map_or(-1, |item| i32::try_from(item.len()).unwrap()).to_be_bytes());
        bytes.extend(item.unwrap_or_default());
    }
    bytes
}

fn array_text<T: Type<Postgres>>(bytes: &[u8]) -> Result<String, CodecError> {
    match decode::decode(&T::type_info(), bytes)? {
        Value::Other(other) => Ok(other.text),
        value => panic!("{value:?}"),
    }
}

#[test]
fn arrays_are_written_as_postgres_does() {
    let (one, two) = (1_i32.to_be_bytes(), 2_i32.to_be_bytes());
    let flat = array(types::INT4, &[(3, 1)], &[Some(&one), None, Some(&two)]);
    assert_eq!(array_text::<Vec<i32>>(&flat).unwrap(), "{1,NULL,2}");
    let nested = array(types::INT4, &[(2, 1), (1, 1)], &[Some(&one), Some(&two)]);
    assert_eq!(array_text::<Vec<i32>>(&nested).unwrap(), "{{1},{2}}");
    let shifted = array(types::INT4, &[(2, -1)], &[Some(&one), Some(&two)]);
    assert_eq!(array_text::<Vec<i32>>(&shifted).unwrap(), "[-1:0]={1,2}");
    assert_eq!(array_text::<Vec<i32>>(&array(types::INT4, &[], &[])).unwrap(), "{}");
    let texts: [&[u8]; 6] = [b"a", b"", b"null", b"b c", b"\"\\", b"{,}"];
    let quoted = array(types::TEXT, &[(6, 1)], &texts.map(Some));
    assert_eq!(array_text::<Vec<String>>(&quoted).unwrap(), r#"{a,"","null","b c","\"\\","{,}"}"#);
    let range = [&[2, 0, 0, 0, 4][..], &one, &[0, 0, 0, 4], &two].concat();
    assert_eq!(array_text::<PgRange<i32>>(&range).unwrap(), "[1,2)");
    let length = u32::try_from(range.len()).unwrap().to_be_bytes();
    let ranges = [&[0, 0, 0, 2][..], &length, &range, &[0, 0, 0, 1, 1]].concat();
    let multirange = PgTypeInfo::with_oid(Oid(types::INT4MULTIRANGE));
    let mut text = String::new();
    super::text::write(&multirange, &ranges, 0, &mut text).unwrap();
    assert_eq!(text, "{[1,2),empty}");
    assert!(super::text::write(&multirange, &ranges[..9], 0, &mut text).is_err());
}

#[test]
fn rows_in_rows_end_before_the_stack_does() {
    let mut row = [&1_i32.to_be_bytes()[..], &types::INT2.to_be_bytes(), &2_i32.to_be_bytes(), &[0, 7]].concat();
    assert_eq!(decoded(types::RECORD, &row), Ok(other("record", "(7)")));
    for _ in 0..2_000 {
        let length = i32::try_from(row.len()).unwrap();
        let head = [&1_i32.to_be_bytes()[..], &types::RECORD.to_be_bytes(), &length.to_be_bytes()].concat();
        row.splice(0..0, head);
        if row.len() == 12 * 3 + 14 {
            assert_eq!(decoded(types::RECORD, &row), Ok(other("record", r#"("(""(""""(7)"""")"")")"#)));
        }
    }
    assert!(matches!(decoded(types::RECORD, &row), Err(CodecError::Unsupported { .. })));
}

#[test]
fn quotes_that_double_at_each_level_end_at_the_limit_of_a_value() {
    let quotes = vec![b'"'; 1 << 20];
    let mut row =
        [&1_i32.to_be_bytes()[..], &types::TEXT.to_be_bytes(), &(1_i32 << 20).to_be_bytes(), &quotes].concat();
    for _ in 0..6 {
        let length = i32::try_from(row.len()).unwrap();
        row.splice(0..0, [&1_i32.to_be_bytes()[..], &types::RECORD.to_be_bytes(), &length.to_be_bytes()].concat());
    }
    assert!(matches!(decoded(types::RECORD, &row), Err(CodecError::TooLarge { .. })));
}

#[test]
fn broken_arrays_are_malformed() {
    let one = 1_i32.to_be_bytes();
    let wrong_element = array(types::TEXT, &[(1, 1)], &[Some(&one)]);
    let too_few = array(types::INT4, &[(2, 1)], &[Some(&one)]);
    let empty_rows = array(types::INT4, &[(i32::MAX, 1), (0, 1)], &[]);
    for bytes in [wrong_element, too_few, empty_rows, vec![]] {
        assert_eq!(array_text::<Vec<i32>>(&bytes), Err(CodecError::Malformed { type_name: "integer[]".into() }));
    }
}

#[test]
fn floats_have_the_digits_of_postgres() {
    let written = |number: f64| {
        let mut out = String::new();
        float::write_f64(number, &mut out);
        out
    };
    let cases = [
        (0.1, "0.1"),
        (-0.0, "-0"),
        (1e15, "1e+15"),
        (1e14, "100000000000000"),
        (1.5e-5, "1.5e-05"),
        (0.00012, "0.00012"),
    ];
    let special = [(f64::NAN, "NaN"), (f64::NEG_INFINITY, "-Infinity"), (5e-324, "5e-324"), (1.5e300, "1.5e+300")];
    let unlike_rust =
        [(122_272_314_640_572.62, "122272314640572.62"), (9_007_199_254_740_993.0, "9.007199254740992e+15")];
    for (number, text) in cases.into_iter().chain(special).chain(unlike_rust) {
        assert_eq!(written(number), text);
    }
    let mut out = String::new();
    float::write_f32(1e6, &mut out);
    assert_eq!(out, "1e+06");
}

#[test]
fn parameters_lose_nothing_or_are_refused() {
    assert_eq!(encoded(&Value::Integer(32_767), types::INT2), Ok(vec![0, 0, 0, 2, 0x7F, 0xFF]));
    assert!(reason(Value::Integer(32_768), types::INT2).contains("out of range"));
    let exact = [&[0, 0, 0, 8], &9_007_199_254_740_992_f64.to_be_bytes()[..]].concat();
    assert_eq!(encoded(&Value::Integer(1 << 53), types::FLOAT8), Ok(exact));
    assert!(reason(Value::Integer((1 << 53) + 1), types::FLOAT8).contains("lose digits"));
    assert_eq!(
        encoded(&Value::Float(0.5), types::FLOAT4),
        Ok([&[0, 0, 0, 4], &0.5_f32.to_be_bytes()[..]].concat())
    );
    assert!(reason(Value::Float(0.1), types::FLOAT4).contains("lose digits"));
    assert!(reason(Value::from("a\0b"), types::TEXT).contains("NUL"));
    assert!(reason(Value::from("2023-02-29"), types::DATE).contains("no such date"));
    assert_eq!(reason(Value::from("5"), types::INT8), "bad parameter $1: text where bigint is wanted");
    assert!(reason(Value::from("::1"), types::INET).contains("write `$1::text::inet`"));
    assert!(reason(Value::Integer(5), types::TEXT).contains("`cast($1 as bigint)`"));
    assert_eq!(encoded(&Value::Null, types::INET), Ok(vec![0xFF; 4]));
}

#[test]
fn the_number_of_parameters_must_fit() {
    let error = parameters(&[Value::Null], &[]).unwrap_err();
    assert_eq!(error.to_string(), "wrong number of parameters: the statement wants 0, given are 1");
}

#[test]
fn a_type_that_only_the_server_can_write_asks_for_a_cast() {
    let error = decoded(types::MONEY, &[0; 8]).unwrap_err();
    assert!(error.to_string().contains("money") && error.to_string().contains("col::text"), "{error}");
    assert!(matches!(decoded(999_999, &[0; 8]), Err(CodecError::Unsupported { .. })));
}

#[test]
fn no_bytes_make_the_codec_panic() {
    let known = (1..4_000).map(builtin);
    let nested = [<Vec<i32>>::type_info(), <Vec<String>>::type_info(), <PgRange<i64>>::type_info()];
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    for info in known.chain(nested) {
        for length in 0..40 {
            let bytes: Vec<u8> = (0..length)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    // Small bytes reach deeper: they pass for counts and lengths.
                    seed.to_be_bytes()[0] & if seed & 1 == 0 { 0x03 } else { 0xFF }
                })
                .collect();
            let _ = decode::decode(&info, &bytes);
        }
    }
}
