//! The cells of a column as texts, or as lists of texts.

use arrow_array::{Array, ArrayRef, GenericListArray, OffsetSizeTrait, cast::AsArray, types as t};
use arrow_schema::DataType;

/// The texts of each row.
pub(crate) type Lists = Vec<Vec<String>>;

/// Each cell as text: texts as they are, whole numbers as they are written. `None` for null.
///
/// # Errors
/// The reason, for a column of something else.
pub(crate) fn texts(column: &dyn Array) -> Result<Vec<Option<String>>, String> {
    macro_rules! whole {
        ($type:ty) => {
            Ok(column.as_primitive::<$type>().iter().map(|v| v.map(|v| v.to_string())).collect())
        };
    }
    let owned = |text: Option<&str>| text.map(str::to_owned);
    match column.data_type() {
        DataType::Utf8 => Ok(column.as_string::<i32>().iter().map(owned).collect()),
        DataType::LargeUtf8 => Ok(column.as_string::<i64>().iter().map(owned).collect()),
        DataType::Utf8View => Ok(column.as_string_view().iter().map(owned).collect()),
        DataType::Int8 => whole!(t::Int8Type),
        DataType::Int16 => whole!(t::Int16Type),
        DataType::Int32 => whole!(t::Int32Type),
        DataType::Int64 => whole!(t::Int64Type),
        DataType::UInt8 => whole!(t::UInt8Type),
        DataType::UInt16 => whole!(t::UInt16Type),
        DataType::UInt32 => whole!(t::UInt32Type),
        DataType::UInt64 => whole!(t::UInt64Type),
        DataType::Null => Ok(vec![None; column.len()]),
        DataType::Dictionary(..) => {
            let column = column.as_any_dictionary();
            let values = texts(column.values().as_ref())?;
            let keys = column.normalized_keys().into_iter().enumerate();
            Ok(keys.map(|(row, key)| column.is_valid(row).then(|| values.get(key).cloned()?)?).collect())
        }
        other => Err(format!("holds {other}, expected text or whole numbers")),
    }
}

/// Each cell as a list of texts: a list of texts or numbers, or one of them alone. Empty for null.
///
/// # Errors
/// As [`texts`].
pub(crate) fn lists(column: &dyn Array) -> Result<Lists, String> {
    match column.data_type() {
        DataType::List(_) => of_lists(column.as_list::<i32>()),
        DataType::LargeList(_) => of_lists(column.as_list::<i64>()),
        _ => Ok(texts(column)?.into_iter().map(|text| text.into_iter().collect()).collect()),
    }
}

fn of_lists<O: OffsetSizeTrait>(column: &GenericListArray<O>) -> Result<Lists, String> {
    let one = |list: Option<ArrayRef>| match list {
        Some(list) => Ok(texts(list.as_ref())?.into_iter().flatten().collect()),
        None => Ok(Vec::new()),
    };
    column.iter().map(one).collect()
}
