#include "planes/dns/resolver.h"

#include <arpa/inet.h>

#include "base/strings.h"
#include "planes/dns/answer.h"
#include "planes/dns/forward.h"
#include "planes/dns/internal_names.h"

namespace unkai::planes::dns {

using wire::dns::Code;
using wire::dns::Flags;
using wire::dns::Message;
using wire::dns::Parsed;
using wire::dns::Query;
using wire::dns::ResponseWriter;
using wire::dns::Section;

namespace {

constexpr uint16_t prohibited = 18, network_error = 23;  // RFC 8914.
constexpr std::string_view no_upstream =
    "This name is not served here and forwarding is off: start Unkai with outbound DNS";

size_t most_for(const Query& query, size_t limit, bool over_tcp) {
    return over_tcp ? limit : std::min<size_t>({limit, query.payload, most_udp_response});
}

}  // namespace

class Resolver::Vpc final : public Handler {
public:
    Vpc(Resolver& owner, std::string id) : owner_(owner), id_(std::move(id)) {}

    size_t answer(std::string_view question, char* buffer, size_t limit, bool over_tcp) override {
        Query query;
        const Parsed parsed = wire::dns::parse_query(question, query);
        if (parsed == Parsed::drop) return nothing;
        if (const size_t size = respond_to_bad_query(parsed, query, buffer)) return size;
        const size_t most = most_for(query, limit, over_tcp);
        {
            ResponseWriter writer(buffer, most, query);
            if (const auto code = answer_special(query, writer))
                return writer.finish(*code, recursive());
        }
        ResponseWriter writer(buffer, most, query);
        const Outcome outcome = resolve(view(), query, *owner_.random_, writer);
        if (outcome.ours && outcome.continues.empty()) {
            Flags flags = recursive();
            flags.authoritative = outcome.authoritative;
            return writer.finish(outcome.code, flags);
        }
        if (!outcome.ours) {
            ResponseWriter internal(buffer, most, query);
            if (const auto code = answer_internal(query, internal))
                return internal.finish(*code, recursive());
        }
        if (!owner_.options_.upstreams.empty() && owner_.forwards_ < owner_.options_.most_forwards)
            return later;
        return refuse(query, buffer, most);
    }

    Task<std::string> answer_later(std::string question, bool over_tcp) override {
        return forward(*this, std::move(question), over_tcp);
    }

    std::vector<std::unique_ptr<Endpoint>> endpoints;
    EndpointCounters counters;
    Stop stop;  // Ends what waits for upstreams.

private:
    static Flags recursive() { return {.recursion_available = true}; }
    const View& view() const { return owner_.snapshot_->view_of(id_); }

    size_t refuse(const Query& query, char* buffer, size_t most) const {
        Flags flags = recursive();
        const bool off = owner_.options_.upstreams.empty();
        flags.extended_error = off ? prohibited : network_error;
        if (off) flags.info = no_upstream;
        return ResponseWriter(buffer, most, query).finish(Code::server_failure, flags);
    }

    // Names that no zone may take over.
    static std::optional<Code> answer_special(const Query& query, ResponseWriter& writer) {
        const auto block = localhost_block(query.lower_name(), query.type);
        if (!block) return std::nullopt;
        if (!block->empty()) writer.add(Section::answer, query.lower_name(), *block);
        return Code::no_error;
    }

    static std::optional<Code> answer_internal(const Query& query, ResponseWriter& writer) {
        const InternalAnswer answer = internal_answer(query.lower_name(), query.type);
        if (!answer.known) return std::nullopt;
        if (!answer.block.empty()) writer.add(Section::answer, query.lower_name(), answer.block);
        return answer.exists ? Code::no_error : Code::name_error;
    }

    // The chain's local part, then what upstream says about the name that is not ours.
    static Task<std::string> forward(Vpc& self, std::string question, bool over_tcp) {
        Query query;
        if (wire::dns::parse_query(question, query) != Parsed::query) co_return std::string();
        std::string buffer(wire::dns::most_message, '\0');
        ResponseWriter writer(buffer.data(), buffer.size(), query);
        const std::shared_ptr<const Snapshot> held = self.owner_.snapshot_;
        const Outcome outcome =
            resolve(held->view_of(self.id_), query, *self.owner_.random_, writer);
        const auto asked =
            Name::from_wire(outcome.continues.empty() ? query.lower_name() : outcome.continues);
        auto local = wire::dns::decode({buffer.data(), writer.finish(Code::no_error, recursive())});
        CHECK(asked.has_value() && local.has_value(), "our own answer cannot be read");
        Message response = std::move(*local);
        auto upstream = co_await self.ask(*asked, query.type);
        if (upstream) {
            response.code = upstream->code;
            std::ranges::move(upstream->answers, std::back_inserter(response.answers));
            response.authority = std::move(upstream->authority);
            if (response.edns) response.edns->options.clear();
        } else {
            response.code = Code::server_failure;
            response.answers.clear();
        }
        co_return encode(response, most_for(query, wire::dns::most_message, over_tcp));
    }

    Task<Result<Message>> ask(Name name, Type type) {
        Resolver& owner = owner_;
        if (auto cached = owner.cache_.find(name, type, owner.loop_.steady()))
            co_return std::move(*cached);
        ++owner.forwards_;
        auto response = co_await ask_upstream(owner.loop_, *owner.random_, owner.options_.upstreams,
                                              {name, type}, &stop);
        --owner.forwards_;
        if (response) owner.cache_.put(name, type, *response, owner.loop_.steady());
        co_return response;
    }

    Resolver& owner_;
    const std::string id_;
};

Resolver::Resolver(Loop& loop, ResolverOptions options)
    : loop_(loop), options_(std::move(options)) {}
Resolver::~Resolver() { CHECK(vpcs_.empty(), "a Resolver was destroyed without stop()"); }

Task<Status> Resolver::open(std::string vpc, std::string network,
                            std::vector<std::string> addresses, uint16_t port) {
    co_await close(vpc);
    std::vector<EndpointSockets> sockets;
    for (const std::string& text : addresses) {
        CO_TRY(const net::Address address, net::Address::parse(text, port));
        CO_TRY(EndpointSockets opened, open_sockets(network, address));
        sockets.push_back(std::move(opened));
    }
    std::function<void()> serve = [this, &vpc, &sockets] {
        auto served = std::make_unique<Vpc>(*this, vpc);
        for (EndpointSockets& one : sockets)
            served->endpoints.push_back(
                std::make_unique<Endpoint>(loop_, std::move(one), *served, served->counters));
        vpcs_.emplace(vpc, std::move(served));
    };
    co_await run_on(loop_, std::move(serve));
    co_return ok();
}

Task<void> Resolver::close_here(std::string vpc) {
    const auto place = vpcs_.find(vpc);
    if (place == vpcs_.end()) co_return;
    const std::unique_ptr<Vpc> closing = std::move(place->second);
    vpcs_.erase(place);
    closing->stop.request();
    for (auto& endpoint : closing->endpoints) co_await endpoint->stop();
}

Task<void> Resolver::close(std::string vpc) {
    std::function<Task<void>()> make = [this, &vpc] { return close_here(vpc); };
    co_await run_task_on(loop_, std::move(make));
}

Task<void> Resolver::apply(std::shared_ptr<const Snapshot> snapshot) {
    std::function<void()> take = [this, &snapshot] { snapshot_ = std::move(snapshot); };
    co_await run_on(loop_, std::move(take));
}

Task<void> Resolver::stop() {
    while (!vpcs_.empty()) {
        std::string vpc = vpcs_.begin()->first;
        co_await close(std::move(vpc));
    }
}

std::vector<net::Address> Resolver::addresses(const std::string& vpc) const {
    std::vector<net::Address> out;
    const auto place = vpcs_.find(vpc);
    if (place != vpcs_.end())
        for (const auto& endpoint : place->second->endpoints) out.push_back(endpoint->address());
    return out;
}

}  // namespace unkai::planes::dns
