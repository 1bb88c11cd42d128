// Text: splitting, trimming, numbers, and the encodings that wire formats share. Pure, no locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace unkai {

std::vector<std::string_view> split(std::string_view text, char separator);
// Splits at the first separator; the second part is empty when there is none.
std::pair<std::string_view, std::string_view> split_once(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);  // Spaces, tabs, CR, LF at both ends.
std::string to_lower(std::string_view text);   // ASCII only.
std::string to_upper(std::string_view text);
// ASCII only. The sizes are compared first: looking for a header's name costs a comparison a field.
bool equals_ignoring_case_of(const char* a, const char* b, size_t size);
inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && equals_ignoring_case_of(a.data(), b.data(), a.size());
}
bool is_valid_utf8(std::string_view text);
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

// `*` matches any run, `?` one character; case counts. Linear in text × pattern.
bool glob_match(std::string_view pattern, std::string_view text);

// The whole text must be the number: no spaces, no sign for unsigned, no overflow.
std::optional<int64_t> parse_int(std::string_view text);
std::optional<uint64_t> parse_uint(std::string_view text, int base = 10);
std::optional<double> parse_double(std::string_view text);

std::string hex(std::string_view bytes);           // Lower case.
void write_hex(std::string_view bytes, char* at);  // The same, twice as many characters.
std::optional<std::string> from_hex(std::string_view text);
std::string base64(std::string_view bytes);
std::string base64_url(std::string_view bytes);  // URL alphabet, no padding.
// Accepts the standard alphabet with its padding; nullopt for anything else.
std::optional<std::string> from_base64(std::string_view text);

// RFC 3986: unreserved characters stay, all others become %XX. `keep` names further ones that stay.
std::string percent_encode(std::string_view text, std::string_view keep = "");
// nullopt for a broken %XX. With `plus_is_space`, as in forms.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

}  // namespace unkai
