/* Instants, and the calendar in UTC. */
#include "internal.h"

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

/* The quotient, rounded down. */
static int64_t floor_divide(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

/*
 * Day and number of the day since 1970-01-01, after Howard Hinnant's `civil_from_days` and
 * `days_from_civil`: years that begin in March put the leap day at their end.
 */
static ik_day day_of_number(int64_t number)
{
    int64_t days = number + 719468;
    int64_t era = floor_divide(days, 146097);
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    return (ik_day){
        .year = (int32_t)(era * 400 + year_of_era + (month <= 2)),
        .month = (uint8_t)month,
        .day = (uint8_t)(day_of_year - (153 * march_month + 2) / 5 + 1),
    };
}

static int64_t number_of_day(ik_day day)
{
    int64_t year = day.year - (day.month <= 2);
    int64_t era = floor_divide(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t march_month = day.month > 2 ? day.month - 3 : day.month + 9;
    int64_t day_of_year = (153 * march_month + 2) / 5 + day.day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

ik_calendar ik_calendar_of(int64_t instant)
{
    int64_t number = floor_divide(instant, DAY);
    int64_t rest = instant - number * DAY;
    int64_t seconds = rest / SECOND;
    return (ik_calendar){
        .date = day_of_number(number),
        .time = {
            .hour = (uint8_t)(seconds / 3600),
            .minute = (uint8_t)(seconds / 60 % 60),
            .second = (uint8_t)(seconds % 60),
            .microsecond = (uint32_t)(rest % SECOND),
        },
    };
}

int64_t ik_instant_of(ik_calendar calendar)
{
    ik_clock time = calendar.time;
    int64_t seconds = time.hour * 3600 + time.minute * 60 + time.second;
    return number_of_day(calendar.date) * DAY + seconds * SECOND + time.microsecond;
}

char *ik_rfc3339(int64_t instant)
{
    ik_calendar calendar = ik_calendar_of(instant);
    ik_day date = calendar.date;
    ik_clock time = calendar.time;
    return ik_format("%04d-%02d-%02dT%02d:%02d:%02d.%06uZ", (int)date.year, date.month, date.day, time.hour,
                     time.minute, time.second, (unsigned)time.microsecond);
}
