// What a template would cost a month, by list prices: a line a resource, with its parts. Pure.
//
//     CO_TRY(const PriceTable prices, PriceTable::of_region("ap-northeast-1"));
//     const Estimate estimate = estimate_cost(read_template(text, parameters), prices, usage, now);
//
// A month is 730 hours. What depends on usage has its unit price, and an amount only where the
// usage is known: measured, or assumed from requests a second (assumptions below). List prices: no
// tax, no free tier, no Savings Plans.
#pragma once

#include "migration/prices.h"
#include "wire/json.h"

namespace unkai::migration {

constexpr double hours_a_month = 730;
// Where only requests a second are known.
constexpr double assumed_bytes = 10e3;         // Of an answer.
constexpr double assumed_per_connection = 10;  // Requests.
constexpr double assumed_lambda_ms = 100;

struct Usage {
    std::optional<double> requests_per_second;
    std::optional<double> lambda_ms;
    bool measured = false;
};

struct CostPart {
    std::string what;     // "2 tasks × 0.25 vCPU"
    double quantity = 0;  // In the price's units, a month; 0: depends on usage.
    Price price;
    std::string mark;    // prices.h
    bool known = false;  // The quantity is.
    double usd() const { return known ? quantity * price.usd : 0; }
};

struct CostLine {
    std::string resource, type;
    std::vector<CostPart> parts;
    double usd() const;
};

struct Estimate {
    std::string region, collected;
    std::vector<CostLine> lines;
    std::vector<std::string> unpriced;  // "Queue (AWS::SQS::Queue)": costs, but has no price here.
    double usd() const;
    bool has_mark(std::string_view mark) const;
};

// A template's resources with parameters, mappings and conditions resolved as far as they are
// known beforehand. Error TemplateInvalid.
Result<wire::Json> read_template(std::string_view text,
                                 const std::map<std::string, std::string>& parameters);

Estimate estimate_cost(const wire::Json& resources, const PriceTable& prices,
                       const std::map<std::string, Usage>& usage, Time now);

// The same usage for all that requests pass through.
std::map<std::string, Usage> assume_usage(const wire::Json& resources, double requests_per_second);

wire::Json estimate_json(const Estimate& estimate);
std::string estimate_text(const Estimate& estimate);

}  // namespace unkai::migration
