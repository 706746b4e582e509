//! Points in time as people write them.

/// Days from 1 March of year 0 to 1 January 1970.
const EPOCH: u64 = 719_468;

/// `2026-11-24 11:41`, in UTC, of the seconds since 1970.
pub fn date(seconds: u64) -> String {
    let (minutes, days) = (seconds / 60 % (24 * 60), seconds / (24 * 3600));
    // Years that begin in March have their leap day at the end; 400 of them have 146097 days.
    let days = days + EPOCH;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (400 * era + year + month / 10, if month < 10 { month + 3 } else { month - 9 });
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_gnu_date() {
        // date -u -d @SECONDS '+%F %H:%M'
        for (seconds, text) in [
            (0, "1970-01-01 00:00"),
            (951_782_399, "2000-02-28 23:59"),
            (951_782_400, "2000-02-29 00:00"),
            (951_868_800, "2000-03-01 00:00"),
            (1_709_164_799, "2024-02-28 23:59"),
            (1_735_689_599, "2024-12-31 23:59"),
            (1_795_520_460, "2026-11-24 11:41"),
            (4_107_542_400, "2100-03-01 00:00"),
        ] {
            assert_eq!(date(seconds), text);
        }
    }
}
