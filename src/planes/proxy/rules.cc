#include "planes/proxy/rules.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

#include "base/strings.h"
#include "base/time.h"

namespace unkai::planes::proxy {

Result<Cidr> Cidr::parse(std::string_view text) {
    const auto [ip, prefix] = split_once(text, '/');
    TRY(const net::Address address, net::Address::parse(ip, 0));
    Cidr cidr;
    cidr.v6 = address.family() == AF_INET6;
    const uint8_t most = cidr.v6 ? 128 : 32;
    if (cidr.v6)
        std::memcpy(cidr.bytes.data(),
                    &reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr, 16);
    else
        std::memcpy(cidr.bytes.data(),
                    &reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr, 4);
    cidr.bits = most;
    if (text.find('/') == std::string_view::npos) return cidr;
    const auto bits = parse_uint(prefix);
    if (!bits || *bits > most)
        return fail("InvalidCidr", "'" + std::string(text) + "' is not a CIDR block.", 400);
    cidr.bits = static_cast<uint8_t>(*bits);
    return cidr;
}

bool Cidr::contains(const net::Address& address) const {
    const uint8_t* other = nullptr;
    if (address.family() == AF_INET && !v6) {
        other = reinterpret_cast<const uint8_t*>(
            &reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr);
    } else if (address.family() == AF_INET6) {
        const auto& ip = reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr;
        const bool mapped = IN6_IS_ADDR_V4MAPPED(&ip);
        if (mapped == v6) return false;
        other = ip.s6_addr + (mapped ? 12 : 0);
    } else {
        return false;
    }
    const size_t whole = bits / 8, rest = bits % 8;
    if (std::memcmp(bytes.data(), other, whole) != 0) return false;
    if (rest == 0) return true;
    const auto mask = static_cast<uint8_t>(0xff << (8 - rest));
    return (bytes[whole] & mask) == (other[whole] & mask);
}

namespace {

bool glob_any_case(std::string_view pattern, std::string_view text) {
    return glob_match(to_lower(pattern), to_lower(text));
}

bool query_matches(const Condition& condition, std::string_view query) {
    for (const std::string_view part : split(query, '&')) {
        const auto [raw_key, raw_value] = split_once(part, '=');
        const std::string key = percent_decode(raw_key, true).value_or(std::string(raw_key));
        const std::string value = percent_decode(raw_value, true).value_or(std::string(raw_value));
        for (const auto& [wanted_key, wanted] : condition.queries)
            if ((wanted_key.empty() || glob_any_case(wanted_key, key)) &&
                glob_any_case(wanted, value))
                return true;
    }
    return false;
}

bool header_matches(const Condition& condition, const net::Headers& headers) {
    for (const net::Headers::Field& field : headers) {
        if (!equals_ignoring_case(field.name, condition.name)) continue;
        for (const std::string& value : condition.values)
            if (glob_any_case(value, field.value)) return true;
    }
    return false;
}

}  // namespace

bool matches(const Condition& condition, const Subject& subject) {
    switch (condition.kind) {
        case Condition::Kind::host: {
            const std::string_view host = net::host_of(subject.host);
            for (const std::string& value : condition.values)
                if (glob_any_case(value, host)) return true;
            return false;
        }
        case Condition::Kind::path:
            for (const std::string& value : condition.values)
                if (glob_match(value, subject.path)) return true;
            return false;
        case Condition::Kind::header:
            return header_matches(condition, *subject.headers);
        case Condition::Kind::method:
            for (const std::string& value : condition.values)
                if (value == subject.method) return true;
            return false;
        case Condition::Kind::query:
            return query_matches(condition, subject.query);
        case Condition::Kind::source_ip:
            for (const Cidr& network : condition.networks)
                if (network.contains(subject.source)) return true;
            return false;
    }
    return false;
}

const Action& choose(const Listener& listener, const Subject& subject, uint64_t& evaluated) {
    for (const Rule& rule : listener.rules) {
        ++evaluated;
        bool all = true;
        for (const Condition& condition : rule.conditions) {
            all = matches(condition, subject);
            if (!all) break;
        }
        if (all) return rule.action;
    }
    return listener.fallback;
}

std::string location(const Redirect& redirect, std::string_view scheme, std::string_view authority,
                     uint16_t port, std::string_view path, std::string_view query) {
    const std::string protocol = scheme == "https" ? "HTTPS" : "HTTP";
    if (path.starts_with('/')) path.remove_prefix(1);
    const std::pair<std::string_view, std::string> values[] = {
        {"#{protocol}", protocol},         {"#{host}", std::string(net::host_of(authority))},
        {"#{port}", std::to_string(port)}, {"#{path}", std::string(path)},
        {"#{query}", std::string(query)},
    };
    auto fill = [&values](std::string_view pattern) {
        std::string text;
        while (!pattern.empty()) {
            bool replaced = false;
            for (const auto& [name, value] : values) {
                if (!pattern.starts_with(name)) continue;
                text += value;
                pattern.remove_prefix(name.size());
                replaced = true;
                break;
            }
            if (replaced) continue;
            text += pattern.front();
            pattern.remove_prefix(1);
        }
        return text;
    };
    std::string url = to_lower(fill(redirect.protocol)) + "://" + fill(redirect.host) + ":" +
                      fill(redirect.port) + fill(redirect.path);
    if (const std::string filled = fill(redirect.query); !filled.empty()) url += "?" + filled;
    return url;
}

bool status_matches(std::string_view matcher, int status) {
    for (const std::string_view part : split(matcher, ',')) {
        const auto [first, last] = split_once(trim(part), '-');
        const auto low = parse_uint(first);
        const bool range = part.find('-') != std::string_view::npos;
        const auto high = range ? parse_uint(last) : low;
        if (low && high && static_cast<uint64_t>(status) >= *low &&
            static_cast<uint64_t>(status) <= *high)
            return true;
    }
    return false;
}

Status check_matcher(std::string_view matcher) {
    for (const std::string_view part : split(matcher, ',')) {
        const auto [first, last] = split_once(trim(part), '-');
        const auto low = parse_uint(first);
        const bool range = part.find('-') != std::string_view::npos;
        const auto high = range ? parse_uint(last) : low;
        if (!low || !high || *low < 200 || *high > 499 || *low > *high)
            return fail("InvalidMatcher",
                        "Health check matchers are codes from 200 to 499, such as "
                        "\"200\", \"200,202\" or \"200-299\".",
                        400);
    }
    return ok();
}

std::string forwarded_host(std::string_view authority, uint16_t port, bool preserve) {
    if (preserve) return std::string(authority);
    const std::string host(net::host_of(authority));
    return port == 80 || port == 443 ? host : host + ":" + std::to_string(port);
}

std::string forwarded_for(std::string_view given, const net::Peer& client, bool with_port) {
    const std::string own = with_port ? client.address.text() : client.ip;
    return given.empty() ? own : std::string(given) + ", " + own;
}

namespace {

void append_hex(std::string& out, uint64_t value, int digits) {
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
        out += "0123456789abcdef"[value >> shift & 15];
}

}  // namespace

std::string trace_id(std::string_view given, Time now, uint64_t random, uint32_t more) {
    const bool has_root = given.find("Root=") != std::string_view::npos;
    std::string out = has_root ? "Self=1-" : "Root=1-";
    append_hex(out, static_cast<uint64_t>(whole_seconds(now)), 8);
    out += '-';
    append_hex(out, random, 16);
    append_hex(out, more, 8);
    if (!given.empty()) out.append(";").append(given);
    return out;
}

bool is_plain_header_name(std::string_view name) {
    for (const char c : name)
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-'))
            return false;
    return !name.empty();
}

std::string_view cookie(const net::Headers& headers, std::string_view name) {
    for (const net::Headers::Field& field : headers) {
        if (!equals_ignoring_case(field.name, "cookie")) continue;
        for (const std::string_view part : split(field.value, ';')) {
            const auto [key, value] = split_once(trim(part), '=');
            if (key == name) return value;
        }
    }
    return {};
}

std::string sticky_word(std::string_view id) {
    // FNV-1a, twice with different seeds: 128 bits of no secret.
    uint64_t high = 14695981039346656037ULL, low = 1099511628211ULL * 31;
    for (const char c : id) {
        high = (high ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
        low =
            (low + static_cast<unsigned char>(c)) * 6364136223846793005ULL + 1442695040888963407ULL;
    }
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(high >> shift);
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(low >> shift);
    return base64_url(bytes);
}

void add_sticky_cookies(net::Headers& headers, std::string_view name, std::string_view word,
                        Duration lasts, Time now) {
    const std::string value = std::string(name) + "=" + std::string(word);
    const std::string rest = "; Expires=" + http_date(now + lasts) + "; Path=/";
    headers.add("Set-Cookie", value + rest);
    headers.add("Set-Cookie",
                std::string(name) + "CORS=" + std::string(word) + rest + "; SameSite=None; Secure");
}

std::string_view error_title(int status) {
    switch (status) {
        case 503:
            return "503 Service Temporarily Unavailable";
        case 504:
            return "504 Gateway Time-out";
        case 414:
            return "414 Request-URI Too Large";
        case 408:
            return "408 Request Time-out";
        case 413:
            return "413 Request Entity Too Large";
        default:
            return {};
    }
}

std::string error_page(int status) {
    std::string title(error_title(status));
    if (title.empty())
        title = std::to_string(status) + " " + std::string(wire::reason_phrase(status));
    return "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
           "</h1></center>\r\n</body>\r\n</html>\r\n";
}

}  // namespace unkai::planes::proxy
