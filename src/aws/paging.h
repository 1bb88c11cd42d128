// Pages of lists, the same for every service: a token is opaque to the caller and names the last
// key that he has seen, so that pages neither skip nor repeat what stays while others come and go.
//
//     TRY(auto page, aws::page(rows, key_of, in.marker, in.max_items.value_or(100)));
//     for (const auto* row : page.items) …
//     if (page.next) { out.is_truncated = true; out.marker = page.next; }
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/strings.h"

namespace unkai::aws {

std::string make_token(std::string_view key);
// Error: `code` (InvalidParameterValue, ValidationError, …) when the token was not made by
// make_token.
Result<std::string> read_token(std::string_view token, std::string_view code);

template <class Row>
struct Page {
    std::vector<const Row*> items;
    std::optional<std::string> next;
};

// `rows` ordered by `key_of(row)` (a string). At most `most` of those after the token's key.
template <class Row, class KeyOf>
Result<Page<Row>> page(const std::vector<Row>& rows, const KeyOf& key_of,
                       const std::optional<std::string>& token, size_t most,
                       std::string_view code = "ValidationError") {
    std::string after;
    if (token && !token->empty()) {
        TRY(after, read_token(*token, code));
    }
    Page<Row> out;
    for (const Row& row : rows) {
        if (!after.empty() && !(after < key_of(row))) continue;
        if (out.items.size() == most) {
            out.next = make_token(key_of(*out.items.back()));
            break;
        }
        out.items.push_back(&row);
    }
    return out;
}

}  // namespace unkai::aws
