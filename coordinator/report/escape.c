#include "coordinator/report/escape.h"
#include "common/utf8.h"

#include <string.h>

enum { FILE_NAME_MAXIMUM = 80 };

static bool is_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Digits, too: gnuplot reads an octal escape for as long as digits follow. */
static void add_octal(struct buf *out, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        buf_printf(out, is_letter(byte) || byte == ' ' ? "%c" : "\\%03o", byte);
    }
}

static void add_string(struct buf *out, const char *text, bool is_format)
{
    const char *end = text + strlen(text);
    buf_text(out, "\"");
    for (const char *at = text; at < end;) {
        size_t count = utf8_length(at, (size_t)(end - at));
        if (count == 0)
            buf_text(out, "\\077");
        else if (utf8_is_control(at, count))
            buf_text(out, " ");
        else
            add_octal(out, at, count);
        if (*at == '%' && is_format)
            buf_text(out, "\\045");
        at += count > 0 ? count : 1;
    }
    buf_text(out, "\"");
}

void escape_gnuplot(struct buf *out, const char *text)
{
    add_string(out, text, false);
}

void escape_gnuplot_tic(struct buf *out, const char *text)
{
    add_string(out, text, true);
}

void escape_html(struct buf *out, const char *text)
{
    const char *end = text + strlen(text);
    for (const char *at = text; at < end;) {
        size_t count = utf8_length(at, (size_t)(end - at));
        switch (*at) {
        case '&':
            buf_text(out, "&amp;");
            break;
        case '<':
            buf_text(out, "&lt;");
            break;
        case '>':
            buf_text(out, "&gt;");
            break;
        case '"':
            buf_text(out, "&quot;");
            break;
        case '\'':
            buf_text(out, "&#39;");
            break;
        default:
            if (count == 0)
                buf_text(out, "?");
            else if (utf8_is_control(at, count))
                buf_text(out, " ");
            else
                buf_add(out, at, count);
        }
        at += count > 0 ? count : 1;
    }
}

void escape_file(struct buf *out, const char *text)
{
    size_t length = 0;
    for (const char *at = text; *at != '\0' && length < FILE_NAME_MAXIMUM; at++, length++) {
        bool fine = is_letter((unsigned char)*at) || (*at >= '0' && *at <= '9') || *at == '_' ||
                    *at == '-' || (*at == '.' && length > 0);
        buf_add(out, fine ? at : "_", 1);
    }
}
