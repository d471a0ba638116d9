//! Numbers as people read them.

/// A count with commas: `1,234,567`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many of something: `1 spike`, `1,234 spikes`, `2 switches`.
pub fn counted(count: u64, what: &str) -> String {
    let ending = match count {
        1 => "",
        _ if what.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{} {what}{ending}", grouped(count))
}

/// A number as it was most likely stated: without the last digits that conversion to single precision or one multiplication
/// leaves behind. For people; files have all digits.
pub fn stated(value: f64) -> String {
    let single = value as f32;
    if f64::from(single) == value {
        return single.to_string();
    }
    let rounded = format!("{value:.14e}").parse().unwrap_or(value);
    f64::to_string(&rounded)
}

/// A quantity in three or more digits: `0.0421`, `3.14`, `12.5`, `1840`.
pub fn short(quantity: f64) -> String {
    let decimals = match quantity.abs() {
        0.0 => return "0".to_owned(),
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.1 => 3,
        size if size >= 0.01 => 4,
        _ => return format!("{quantity:.2e}"),
    };
    format!("{quantity:.decimals$}")
}

/// A span of time on the wall clock: `25 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`.
pub fn span(seconds: f64) -> String {
    if seconds < 1.0 {
        return format!("{:.0} ms", seconds * 1000.0);
    }
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    if whole < 3600 {
        format!("{} min {} s", whole / 60, whole % 60)
    } else {
        format!("{} h {} min", whole / 3600, whole % 3600 / 60)
    }
}

/// A size of memory: `512 B`, `1.5 MiB`, `8.0 GiB`.
pub fn bytes(size: u64) -> String {
    let mut amount = size as f64;
    for unit in ["B", "KiB", "MiB"] {
        if amount < 1024.0 {
            return if unit == "B" { format!("{size} B") } else { format!("{amount:.1} {unit}") };
        }
        amount /= 1024.0;
    }
    format!("{amount:.1} GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_read_well() {
        assert_eq!([0, 12, 123, 1234, 1_234_567].map(grouped), ["0", "12", "123", "1,234", "1,234,567"]);
        let quantities = [0.0, 1e-5, 0.0123456, 0.5, 2.0 / 3.0, 9.876, 12.34, 1234.5];
        assert_eq!(
            quantities.map(short),
            ["0", "1.00e-5", "0.0123", "0.500", "0.667", "9.88", "12.3", "1234"]
        );
        assert_eq!(counted(1, "spike"), "1 spike");
        assert_eq!(counted(1200, "switch"), "1,200 switches");
        let stated_again = [34.0 * 0.275, f64::from(0.1f32), -0.1, 1e-9, 1e22, 0.0, 1.0 / 3.0].map(stated);
        let expected =
            ["9.35", "0.1", "-0.1", "0.000000001", "10000000000000000000000", "0", "0.333333333333333"];
        assert_eq!(stated_again, expected);
        assert_eq!([0.025, 3.21, 250.0, 7500.0].map(span), ["25 ms", "3.2 s", "4 min 10 s", "2 h 5 min"]);
        assert_eq!([512, 1536, 3 << 20, 8 << 30].map(bytes), ["512 B", "1.5 KiB", "3.0 MiB", "8.0 GiB"]);
    }
}
