//! The parameters of a statement.

use super::{ToValue, Value};
use crate::Result;

/// Parameters: a tuple of up to 16, or an array or slice of one type; `()` for none.
pub trait Params {
    /// As the contract has them.
    fn to_values(&self) -> Result<Vec<Value>>;
}

impl Params for () {
    fn to_values(&self) -> Result<Vec<Value>> {
        Ok(Vec::new())
    }
}

impl<T: ToValue, const N: usize> Params for [T; N] {
    fn to_values(&self) -> Result<Vec<Value>> {
        self.as_slice().to_values()
    }
}

impl<T: ToValue> Params for &[T] {
    fn to_values(&self) -> Result<Vec<Value>> {
        self.iter().map(ToValue::to_value).collect()
    }
}

impl<T: ToValue> Params for Vec<T> {
    fn to_values(&self) -> Result<Vec<Value>> {
        self.as_slice().to_values()
    }
}

macro_rules! params_of_tuples {
    ($($name:ident)+) => {
        params_of_tuples!(@ [] $($name)+);
    };
    (@ [$($done:ident)*]) => {};
    (@ [$($done:ident)*] $next:ident $($rest:ident)*) => {
        impl<$($done: ToValue,)* $next: ToValue> Params for ($($done,)* $next,) {
            #[allow(non_snake_case, reason = "the types name the variables")]
            fn to_values(&self) -> Result<Vec<Value>> {
                let ($($done,)* $next,) = self;
                Ok(vec![$($done.to_value()?,)* $next.to_value()?])
            }
        }
        params_of_tuples!(@ [$($done)* $next] $($rest)*);
    };
}

params_of_tuples!(A B C D E F G H I J K L M N O P);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuples_and_arrays_are_parameters() {
        assert_eq!(().to_values().unwrap(), []);
        assert_eq!([1, 2].to_values().unwrap(), [Value::Integer(1), Value::Integer(2)]);
        let name = "Ada".to_owned();
        let values = (&name, 36, None::<f64>, true).to_values().unwrap();
        assert_eq!(values, [Value::Text(name), Value::Integer(36), Value::Null, Value::Boolean(true)],);
        assert!((u64::MAX,).to_values().is_err());
    }
}
