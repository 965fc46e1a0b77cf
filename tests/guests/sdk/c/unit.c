/* Tests of what needs no host: they run natively, see `unit`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/internal.h"

static const char *test_name;

static void expect_text(const char *found, const char *wanted)
{
    if (strcmp(found, wanted) == 0) return;
    fprintf(stderr, "%s: found %s, not %s\n", test_name, found, wanted);
    exit(1);
}

#define EXPECT(condition)                                           \
    do {                                                            \
        if (!(condition)) {                                         \
            fprintf(stderr, "%s: not so: %s\n", test_name, #condition); \
            exit(1);                                                \
        }                                                           \
    } while (0)

static void markup_is_shown_not_run(void)
{
    ik_buffer page = {0};
    ik_write_html(&page, "<p title=\"%s\">%s%%</p>%s", "\"'", "<b>&", (char *)NULL);
    expect_text(page.data, "<p title=\"&quot;&#39;\">&lt;b&gt;&amp;%</p>");
}

static void texts_in_json_come_back_byte_for_byte(void)
{
    ik_buffer json = {0};
    ik_write_json(&json, "[%s,%s,%lld]", "a \"b\" \\ é\r\n\001", (char *)NULL, 9007199254740993LL);
    expect_text(json.data, "[\"a \\\"b\\\" \\\\ é\\u000d\\u000a\\u0001\",null,9007199254740993]");
}

static void formats_are_those_of_printf(void)
{
    const char *wanted = "-0042|ff|1.500|18446744073709551615|-1|abc|  7|x|1e+300|-3";
    expect_text(ik_format("%05d|%x|%.3f|%llu|%ld|%.3s|%3zu|%c|%g|%hd", -42, 255U, 1.5, 18446744073709551615ULL, -1L,
                          "abcdef", (size_t)7, 'x', 1e300, -3),
                wanted);
    expect_text(ik_format("%.*s|%*d", 2, "abc", 4, 7), "ab|   7");
    EXPECT(strlen(ik_format("%f", 1e308)) > 300);
}

static void percent_codes_are_decoded(void)
{
    expect_text(ik_percent_decode("%31+2", 5, true), "1 2");
    expect_text(ik_percent_decode("%31+2", 5, false), "1+2");
    expect_text(ik_percent_decode("100%&%zz%4", 10, true), "100%&%zz%4");
    expect_text(ik_percent_decode("%f0%9f%8c%8d", 12, true), "🌍");
    // A text that is no UTF-8 would end the request at the host.
    expect_text(ik_percent_decode("a%ff%c3%28%ed%a0%80", 19, true), "a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    // A text in C would end at NUL, and `7%00` would be 7.
    expect_text(ik_percent_decode("7%00", 4, false), "7\xef\xbf\xbd");
}

static void white_space_of_all_scripts_is_blank(void)
{
    static const char *const blank[] = {"", " \t\r\n\v\f", "\u0085\u00a0\u1680", "\u2000\u200a\u2028\u2029\u202f\u205f\u3000 "};
    static const char *const filled[] = {"a", " a ", "\u200b", "\u3001", "\u00a1", "\u3000a", "\xe2\x80", "\xe2", "\xc2"};
    for (size_t i = 0; i < sizeof blank / sizeof *blank; i++) EXPECT(ik_is_blank(blank[i], strlen(blank[i])));
    for (size_t i = 0; i < sizeof filled / sizeof *filled; i++) EXPECT(!ik_is_blank(filled[i], strlen(filled[i])));
    EXPECT(!ik_is_blank(" \0", 2));
}

static void whole_numbers_only(void)
{
    int64_t number = 0;
    EXPECT(ik_parse_int("9223372036854775807", &number) && number == INT64_MAX);
    EXPECT(ik_parse_int("-9223372036854775808", &number) && number == INT64_MIN);
    static const char *const wrong[] = {"", " 1", "1 ", "9223372036854775808", "1.0", "0x1", "-", "+-1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) EXPECT(!ik_parse_int(wrong[i], &number));
}

static void characters_are_counted_not_bytes(void)
{
    EXPECT(ik_utf8_length("") == 0);
    EXPECT(ik_utf8_length("aé🌍") == 3);
}

static void instants_are_written_as_rfc_3339(void)
{
    expect_text(ik_rfc3339(0), "1970-01-01T00:00:00.000000Z");
    expect_text(ik_rfc3339(951782400000001), "2000-02-29T00:00:00.000001Z");
    expect_text(ik_rfc3339(-1), "1969-12-31T23:59:59.999999Z");
}

static void the_calendar_goes_both_ways(void)
{
    static const int64_t instants[] = {0, -1, 951782400000001, 1791036306500000, -62135596800000001, 253402300799999999};
    for (size_t i = 0; i < sizeof instants / sizeof *instants; i++) {
        EXPECT(ik_instant_of(ik_calendar_of(instants[i])) == instants[i]);
    }
}

static void names_are_split_at_commas(void)
{
    web_app_list_string_t list = ik_split_names("author, created,x");
    EXPECT(list.len == 3 && list.ptr[1].len == 7 && memcmp(list.ptr[1].ptr, "created", 7) == 0);
    EXPECT(ik_split_names(NULL).len == 0 && ik_split_names("").len == 0);
}

static bool answer_with_id(ik_request *request, ik_response *response)
{
    ik_put_text(&response->body, ik_param(request, "id"));
    return true;
}

static const ik_route routes[] = {
    {"GET", "/books/:id/pages", answer_with_id},
    {"POST", "/books/:id/pages", answer_with_id},
};

static void a_route_has_parameters(void)
{
    ik_request request = {.method = "HEAD", .path = "/books/a%20b/pages", .is_head = true};
    ik_response response = {0};
    EXPECT(ik_dispatch(routes, &request, &response));
    expect_text(response.body.data, "a b");
    ik_request spelled = {.method = "GET", .path = "/b%6Foks/a%2Fb/p%61ges"};
    response = (ik_response){0};
    EXPECT(ik_dispatch(routes, &spelled, &response));
    expect_text(response.body.data, "a/b");
}

static void the_first_query_parameter_of_a_name_counts(void)
{
    ik_request request = {.query = "before=%31+2&limit&=x&before=9"};
    expect_text(ik_query_param(&request, "before"), "1 2");
    expect_text(ik_query_param(&request, "limit"), "");
    expect_text(ik_query_param(&request, ""), "x");
    request.query = "be%66ore=1%00";
    expect_text(ik_query_param(&request, "before"), "1\xef\xbf\xbd");
    request.query = "=x&before=9";
    EXPECT(!ik_query_param(&request, "befor") && !ik_query_param(&request, "x"));
}

static void what_fits_no_route_is_refused(void)
{
    ik_request wrong_method = {.method = "PUT", .path = "/books/1/pages"};
    ik_response response = {0};
    EXPECT(!ik_dispatch(routes, &wrong_method, &response) && ik_last_error()->status == 405);
    expect_text(response.headers[0].value, "GET, HEAD, POST");
    static const char *const paths[] = {"/books//pages", "/books/1", "/books/1/pages/", "/books/1/pages2", "/books%2F1/pages", "/"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        ik_request request = {.method = "GET", .path = paths[i]};
        EXPECT(!ik_dispatch(routes, &request, &response) && ik_last_error()->status == 404);
    }
}

#define RUN(test) (test_name = #test, test(), printf("ok: %s\n", test_name))

int main(void)
{
    RUN(markup_is_shown_not_run);
    RUN(texts_in_json_come_back_byte_for_byte);
    RUN(formats_are_those_of_printf);
    RUN(percent_codes_are_decoded);
    RUN(white_space_of_all_scripts_is_blank);
    RUN(whole_numbers_only);
    RUN(characters_are_counted_not_bytes);
    RUN(instants_are_written_as_rfc_3339);
    RUN(the_calendar_goes_both_ways);
    RUN(names_are_split_at_commas);
    RUN(a_route_has_parameters);
    RUN(the_first_query_parameter_of_a_name_counts);
    RUN(what_fits_no_route_is_refused);
}
