// The report of a shift: one JSON object, and one page with plots that needs no other file.
#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "migration/shift.h"
#include "wire/xml.h"

namespace unkai::migration {

using wire::Json;

namespace {

constexpr double plot_width = 860, plot_height = 200, plot_left = 56, plot_bottom = 24;

Json traffic_json(const Traffic& traffic) {
    return Json::object({{"requests", traffic.requests},
                         {"errors", traffic.errors},
                         {"requestsPerSecond", traffic.rate()},
                         {"errorShare", traffic.error_share()},
                         {"p50Ms", traffic.p50 ? Json(*traffic.p50) : Json()},
                         {"p99Ms", traffic.p99 ? Json(*traffic.p99) : Json()}});
}

std::string escaped(std::string_view text) {
    std::string out;
    wire::append_xml_text(out, text);
    return out;
}

struct Curve {
    std::string_view title, color;
    std::vector<std::pair<double, double>> points;  // Seconds, value.
    bool steps = false;                             // Holds its value until the next point.
};

std::string path_of(const Curve& curve, double end, double top) {
    std::string out;
    double last = 0;
    for (const auto& [at, value] : curve.points) {
        const double x = plot_left + (plot_width - plot_left) * at / end;
        const double y = plot_height - (plot_height - 8) * std::min(value, top) / top;
        if (curve.steps && !out.empty()) out += fmt::format(" L{:.1f} {:.1f}", x, last);
        out += fmt::format("{}{:.1f} {:.1f}", out.empty() ? "M" : " L", x, y);
        last = y;
    }
    return out;
}

// A number that is easy to read, at or above the highest value.
double top_of(const std::vector<Curve>& curves, double least) {
    double most = least;
    for (const Curve& curve : curves)
        for (const auto& [at, value] : curve.points) most = std::max(most, value);
    double unit = 1e-3;
    while (true) {
        for (const double step : {1.0, 2.0, 5.0})
            if (step * unit >= most) return step * unit;
        unit *= 10;
    }
}

std::string plot(std::string_view title, std::string_view unit, const std::vector<Curve>& curves,
                 double end, double top) {
    std::string out = fmt::format(
        "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 {} {}\" role=\"img\" "
        "aria-label=\"{}\">",
        escaped(title), plot_width, plot_height + plot_bottom, escaped(title));
    for (const double part : {0.0, 0.25, 0.5, 0.75, 1.0}) {
        const double y = plot_height - (plot_height - 8) * part;
        out += fmt::format(
            "<line class=\"grid\" x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\"/><text x=\"{}\" "
            "y=\"{:.1f}\" text-anchor=\"end\">{:.4g}{}</text>",
            plot_left, y, plot_width, y, plot_left - 6, y + 4, top * part, escaped(unit));
        out += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"{}\">{:.0f} s</text>",
                           plot_left + (plot_width - plot_left) * part, plot_height + 18,
                           part == 0   ? "start"
                           : part == 1 ? "end"
                                       : "middle",
                           end * part);
    }
    for (const Curve& curve : curves)
        if (!curve.points.empty())
            out += fmt::format("<path d=\"{}\" stroke=\"{}\"/>", path_of(curve, end, top),
                               curve.color);
    out += "</svg><div class=\"legend\">";
    for (const Curve& curve : curves)
        out += fmt::format("<span><i style=\"background:{}\"></i>{}</span>", curve.color,
                           escaped(curve.title));
    return out + "</div></figure>";
}

constexpr std::string_view from_color = "#c2570c", to_color = "#0f766e", asked_color = "#64748b";

std::string plots(const ShiftReport& report) {
    const double end =
        std::max(1.0, std::chrono::duration<double>(report.ended - report.begun).count());
    Curve asked{"asked for", asked_color, {}, true}, arrived{"arrived", to_color, {}, false};
    Curve rates[2], errors[2], slowest[2];
    for (auto* pair : {rates, errors, slowest}) {
        pair[0] = {report.names.from, from_color, {}, false};
        pair[1] = {report.names.to, to_color, {}, false};
    }
    for (const Tick& tick : report.ticks) {
        const double at = std::chrono::duration<double>(tick.at - report.begun).count();
        asked.points.emplace_back(at, tick.asked);
        if (tick.arrived.enough) arrived.points.emplace_back(at, tick.arrived.share * 100);
        const Traffic* sides[] = {&tick.from, &tick.to};
        for (const int side : {0, 1}) {
            rates[side].points.emplace_back(at, sides[side]->rate());
            if (sides[side]->requests > 0)
                errors[side].points.emplace_back(at, sides[side]->error_share() * 100);
            if (sides[side]->p99) slowest[side].points.emplace_back(at, *sides[side]->p99);
        }
    }
    const std::vector<Curve> shares{asked, arrived};
    const std::vector<Curve> rate{rates[0], rates[1]}, error{errors[0], errors[1]},
        p99{slowest[0], slowest[1]};
    return plot("Share of " + report.names.to, " %", shares, end, 100) +
           plot("Requests a second", "", rate, end, top_of(rate, 1)) +
           plot("Errors (5XX)", " %", error, end, top_of(error, 1)) +
           plot("p99", " ms", p99, end, top_of(p99, 1));
}

constexpr std::string_view page_style =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#0f172a;background:#fff}h1{font-size:1.4rem;margin-bottom:.2rem}table{border-collapse:"
    "collapse;width:100%;margin:1rem 0}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px "
    "solid #e2e8f0;vertical-align:top}figure{margin:1.5rem 0}figcaption{font-weight:600}svg{width:"
    "100%;height:auto}svg text{font-size:11px;fill:#64748b}svg path{fill:none;stroke-width:2}.grid{"
    "stroke:#e2e8f0}.legend span{margin-right:1.2rem}.legend i{display:inline-block;width:.8em;"
    "height:.8em;border-radius:2px;margin-right:.4em}.badge{padding:.15rem "
    ".6rem;border-radius:1rem;"
    "color:#fff;background:#b91c1c}.badge.good{background:#15803d}@media(prefers-color-scheme:dark)"
    "{body{color:#e2e8f0;background:#0f172a}td,th{border-color:#334155}.grid{stroke:#334155}}";

std::string lines(const ShiftReport& report) {
    std::string out = "<table><tr><th>When</th><th>Share</th><th>What</th></tr>";
    for (const ShiftEvent& event : report.events)
        out += fmt::format("<tr><td>{:.0f} s</td><td>{} %</td><td>{}</td></tr>",
                           std::chrono::duration<double>(event.at - report.begun).count(),
                           event.share, escaped(event.what));
    return out + "</table>";
}

}  // namespace

Json report_json(const ShiftReport& report) {
    Json events = Json::array(), ticks = Json::array(), steps = Json::array(),
         guards = Json::array();
    for (const int step : report.settings.steps) steps.push(step);
    for (const Guard& guard : report.settings.guards) guards.push(guard.text);
    for (const ShiftEvent& event : report.events)
        events.push(Json::object(
            {{"at", iso8601_millis(event.at)}, {"share", event.share}, {"what", event.what}}));
    for (const Tick& tick : report.ticks)
        ticks.push(Json::object(
            {{"at", iso8601_millis(tick.at)},
             {"phase", std::string(name_of(tick.phase))},
             {"asked", tick.asked},
             {"arrived", tick.arrived.enough ? Json(tick.arrived.share * 100) : Json()},
             {"why", tick.why},
             {"from", traffic_json(tick.from)},
             {"to", traffic_json(tick.to)}}));
    return Json::object(
        {{"name", report.names.name},
         {"from", report.names.from},
         {"to", report.names.to},
         {"outcome", std::string(name_of(report.outcome))},
         {"reason", report.reason},
         {"share", report.share},
         {"begun", iso8601_millis(report.begun)},
         {"ended", iso8601_millis(report.ended)},
         {"steps", std::move(steps)},
         {"guards", std::move(guards)},
         {"everySeconds", std::chrono::duration<double>(report.settings.every).count()},
         {"events", std::move(events)},
         {"ticks", std::move(ticks)}});
}

std::string report_page(const ShiftReport& report) {
    std::vector<std::string> guards, steps;
    for (const Guard& guard : report.settings.guards) guards.push_back(guard.text);
    for (const int step : report.settings.steps) steps.push_back(std::to_string(step) + " %");
    const bool good = report.outcome == Outcome::completed;
    return fmt::format(
               "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
               "name=\"viewport\" content=\"width=device-width\"><title>{0}: {1}</title><style>{2}"
               "</style></head><body><h1>{0} <span class=\"badge{3}\">{1}</span></h1><p>{4}</p>",
               escaped(report.names.name), name_of(report.outcome), page_style, good ? " good" : "",
               escaped(report.reason)) +
           fmt::format(
               "<table><tr><th>From</th><td>{} ({})</td></tr><tr><th>To</th><td>{} ({})</td></tr>"
               "<tr><th>Steps</th><td>{}, {:.0f} s "
               "each</td></tr><tr><th>Guards</th><td>{}</td></tr>"
               "<tr><th>Begun</th><td>{}</td></tr><tr><th>Share at the end</th><td>{} %</td></tr>"
               "</table>",
               escaped(report.names.from), escaped(report.from_title), escaped(report.names.to),
               escaped(report.to_title), join(steps, ", "),
               std::chrono::duration<double>(report.settings.every).count(),
               guards.empty() ? "none" : escaped(join(guards, ", ")), iso8601(report.begun),
               report.share) +
           plots(report) + "<h2>What happened</h2>" + lines(report) + "</body></html>\n";
}

}  // namespace unkai::migration
