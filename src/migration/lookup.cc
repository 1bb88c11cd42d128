#include "migration/lookup.h"

#include <arpa/inet.h>

#include "planes/dns/forward.h"
#include "rt/workers.h"

namespace unkai::migration {

namespace {
constexpr Duration without_ttl = 1s;
}

Task<Result<Lookup::Known>> Lookup::look_up(std::string host) {
    Known out{.until = loop_.steady() + without_ttl};
    if (auto number = net::Address::parse(host, 1)) {
        out.addresses.push_back(*number);
        out.until = never;
        co_return out;
    }
    if (!options_.servers.empty()) {
        CO_TRY(const auto name, wire::dns::Name::parse(host));
        const auto answer = co_await planes::dns::ask_upstream(loop_, random_, options_.servers,
                                                               {name, wire::dns::Type::A}, nullptr);
        uint32_t ttl = 3600;
        for (const wire::dns::Record& record :
             answer ? answer->answers : std::vector<wire::dns::Record>()) {
            ttl = std::min(ttl, record.ttl);
            char text[INET_ADDRSTRLEN];
            if (record.type != wire::dns::Type::A || record.data.size() != 4) continue;
            ::inet_ntop(AF_INET, record.data.data(), text, sizeof text);
            CO_TRY(const net::Address address, net::Address::parse(text, 1));
            out.addresses.push_back(address);
        }
        out.until = loop_.steady() + std::chrono::seconds(ttl);
    }
    if (out.addresses.empty() && options_.ask)
        for (const std::string& text : options_.ask(host))
            if (auto address = net::Address::parse(text, 1)) out.addresses.push_back(*address);
    if (out.addresses.empty() && options_.machine) {
        Workers workers(1);
        CO_TRY(out.addresses, co_await net::resolve(workers, host, 1));
        out.until = loop_.steady() + 30s;
    }
    if (out.addresses.empty())
        co_return fail("NameNotFound", "The name " + host + " has no address.");
    co_return out;
}

Task<Result<net::Address>> Lookup::find(std::string host, uint16_t port, bool fresh) {
    if (const auto place = known_.find(host);
        !fresh && place != known_.end() && place->second.until > loop_.steady())
        co_return place->second.addresses[0].with_port(port);
    CO_TRY(Known known, co_await look_up(host));
    const net::Address first = known.addresses[0].with_port(port);
    if (!fresh) known_[host] = std::move(known);
    co_return first;
}

}  // namespace unkai::migration
