#include "origin_names.h"

#include <arpa/inet.h>

#include "planes/dns/answer.h"
#include "rt/random.h"
#include "wire/dns.h"

namespace unkai {

using wire::dns::Message;
using wire::dns::Record;
using wire::dns::Type;

void OriginNames::set(std::shared_ptr<const planes::dns::Snapshot> snapshot) {
    const std::lock_guard lock(mutex_);
    snapshot_ = std::move(snapshot);
}

std::vector<std::string> OriginNames::resolve(const std::string& host) const {
    std::shared_ptr<const planes::dns::Snapshot> snapshot;
    {
        const std::lock_guard lock(mutex_);
        snapshot = snapshot_;
    }
    const auto name = wire::dns::Name::parse(host);
    if (!snapshot || !name) return {};
    Message question;
    question.questions = {{*name, Type::A}};
    static thread_local const std::unique_ptr<Random> random = system_random();
    char buffer[4096];
    const size_t size = planes::dns::respond(snapshot->public_view(), encode(question), *random,
                                             buffer, sizeof buffer, true);
    const auto answer = wire::dns::decode(std::string_view(buffer, size));
    std::vector<std::string> out;
    if (!answer) return out;
    for (const Record& record : answer->answers) {
        char text[INET_ADDRSTRLEN];
        if (record.type == Type::A && record.data.size() == 4 &&
            ::inet_ntop(AF_INET, record.data.data(), text, sizeof text) != nullptr)
            out.emplace_back(text);
    }
    return out;
}

}  // namespace unkai
