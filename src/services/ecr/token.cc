#include "services/ecr/token.h"

#include "aws/sigv4.h"
#include "base/strings.h"

namespace unkai::services::ecr {

static bool equal(std::string_view a, std::string_view b) {
    unsigned char difference = a.size() == b.size() ? 0 : 1;
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) difference |= a[i] ^ b[i];
    return difference == 0;
}

std::string sign_token(const Token& token, std::string_view secret) {
    const std::string body = hex(join({token.account, token.region, token.principal, token.scope,
                                       std::to_string(micros(token.expires))},
                                      "|"));
    return body + "." + hex(aws::sigv4::hmac_sha256(secret, body));
}

std::optional<Token> read_token(std::string_view text, std::string_view secret, Time now) {
    const auto [body, signature] = split_once(text, '.');
    const std::string expected = hex(aws::sigv4::hmac_sha256(secret, body));
    if (!equal(signature, expected)) return std::nullopt;
    const auto decoded = from_hex(body);
    if (!decoded) return std::nullopt;
    const auto parts = split(*decoded, '|');
    if (parts.size() != 5) return std::nullopt;
    const auto expires = parse_int(parts[4]);
    if (!expires || from_micros(*expires) <= now) return std::nullopt;
    return Token{std::string(parts[0]), std::string(parts[1]), std::string(parts[2]),
                 std::string(parts[3]), from_micros(*expires)};
}

}  // namespace unkai::services::ecr
