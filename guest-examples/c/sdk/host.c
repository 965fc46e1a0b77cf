/* What the host knows: configuration, chance, the time. */
#include <string.h>

#include "internal.h"

const char *ik_config(const char *key)
{
    web_app_string_t name = ik_string_of(key);
    web_app_option_string_t value;
    wasi_config_store_error_t error;
    if (!wasi_config_store_get(&name, &value, &error)) ik_panic("the configuration cannot be read: %s", key);
    return ik_text_of_option(value);
}

void ik_random(void *data, size_t size)
{
    web_app_list_u8_t bytes;
    wasi_random_random_get_random_bytes(size, &bytes);
    if (size) memcpy(data, bytes.ptr, size);
    web_app_list_u8_free(&bytes);
}

int64_t ik_now(void)
{
    wasi_clocks_wall_clock_datetime_t now;
    wasi_clocks_wall_clock_now(&now);
    return (int64_t)now.seconds * 1000000 + now.nanoseconds / 1000;
}
