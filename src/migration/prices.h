// AWS's list prices, as the tables in prices/ have them: per region, dated, each with its source.
//
// Every figure is second-hand until a table is extracted from the AWS Price List; what is
// unverified, or older than 180 days, is marked wherever it is shown.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace unkai::migration {

struct Price {
    double usd = 0;                   // For one `unit`.
    std::string unit, source, dated;  // `dated`: 2026-09, 2026-09-06, or empty.
    bool unverified = false;
    // "?" unverified, "old" beyond 180 days or undated, or nothing.
    std::string_view mark(Time now) const;
};

class PriceTable {
public:
    // Error RegionUnknown names the regions that there are.
    static Result<PriceTable> of_region(std::string_view region);
    const Price* find(std::string_view name) const;
    const std::string& region() const { return region_; }
    const std::string& collected() const { return collected_; }

private:
    std::string region_, collected_;
    std::map<std::string, Price, std::less<>> prices_;
};

// The texts of prices/*.json, ended by a null (made by CMake).
extern const char* const price_tables[];

}  // namespace unkai::migration
