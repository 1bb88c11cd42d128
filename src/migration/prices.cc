#include "migration/prices.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "wire/json.h"

namespace unkai::migration {

using wire::Json;

namespace {
constexpr auto price_age = std::chrono::days(180);
}

std::string_view Price::mark(Time now) const {
    if (unverified) return "?";
    std::string day = dated;
    if (day.size() == 7) day += "-01";
    const auto time = parse_iso8601(day + "T00:00:00Z");
    return time && now - *time < price_age ? "" : "old";
}

Result<PriceTable> PriceTable::of_region(std::string_view region) {
    std::vector<std::string> regions;
    for (const char* const* text = price_tables; *text != nullptr; ++text) {
        TRY(const Json json, Json::parse(*text));
        regions.push_back(json["region"].text());
        if (regions.back() != region) continue;
        PriceTable out;
        out.region_ = region;
        out.collected_ = json["collected"].text();
        for (const auto& [name, one] : json["prices"].as_object()) {
            Price& price = out.prices_[name];
            price.usd = one["usd"].as_double();
            price.unit = one["unit"].text();
            price.source = one["source"].text();
            price.dated = one["dated"].text();
            price.unverified = one["unverified"].bool_or(false);
        }
        return out;
    }
    return fail("RegionUnknown",
                fmt::format("There are no prices of {}. There are those of {}: use --region.",
                            region, join(regions, " and ")),
                400);
}

const Price* PriceTable::find(std::string_view name) const {
    const auto place = prices_.find(name);
    return place == prices_.end() ? nullptr : &place->second;
}

}  // namespace unkai::migration
