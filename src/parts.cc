#include "parts.h"

namespace unkai {

std::vector<std::unique_ptr<Part>> make_parts(const Surroundings& around) {
    using Make = std::unique_ptr<Part> (*)(const Surroundings&);
    static constexpr std::initializer_list<Make> all = {
        make_queues,      make_topics,    make_events,  make_metrics,
        make_autoscaling, make_functions, make_gateways};
    std::vector<std::unique_ptr<Part>> out;
    for (const Make make : all) out.push_back(make(around));
    return out;
}

}  // namespace unkai
