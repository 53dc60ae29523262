#include "coordinator/report/escape.h"

#include <stdint.h>
#include <string.h>

enum { FILE_NAME_MAXIMUM = 80 };

/* The bytes of the UTF-8 character at text, 0 if there is none: also for overlong ones, surrogates
 * and what is beyond Unicode. */
static size_t character_bytes(const unsigned char *text)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t count = text[0] < 0x80             ? 1
                   : (text[0] & 0xe0) == 0xc0 ? 2
                   : (text[0] & 0xf0) == 0xe0 ? 3
                   : (text[0] & 0xf8) == 0xf0 ? 4
                                              : 0;
    uint32_t code = count < 2 ? text[0] : text[0] & (0x7fu >> count);
    for (size_t i = 1; i < count; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    if (count == 0 || code < least[count] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    return count;
}

/* C0, DEL, and C1, whose first byte in UTF-8 is 0xc2. */
static bool is_control(const unsigned char *text, size_t count)
{
    return text[0] < 0x20 || text[0] == 0x7f || (count == 2 && text[0] == 0xc2 && text[1] < 0xa0);
}

static bool is_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Digits, too: gnuplot reads an octal escape for as long as digits follow. */
static void add_octal(struct buf *out, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(out, is_letter(bytes[i]) || bytes[i] == ' ' ? "%c" : "\\%03o", bytes[i]);
}

static void add_string(struct buf *out, const char *text, bool is_format)
{
    const unsigned char *at = (const unsigned char *)text;
    buf_text(out, "\"");
    while (*at != '\0') {
        size_t count = character_bytes(at);
        if (count == 0)
            buf_text(out, "\\077");
        else if (is_control(at, count))
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
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        size_t count = character_bytes(at);
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
            else if (is_control(at, count))
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
