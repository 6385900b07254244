# The usage question put to awk: mawk -v mode=count|full -f usage.awk LOG
#
# Fields are split at blanks: $3 caller, $4 [day/…, $6 "METHOD, $7 path, $9 status. An id
# is told by its length and letters, as mawk's expressions know no {24}.
#
# Prints lines,route_days,routes,pairs,callers,errors; `-` for what count does not ask.

{
    path = $7
    query = index(path, "?")
    if (query) path = substr(path, 1, query - 1)
    parts = split(path, part, "/")
    route = $6
    for (i = 2; i <= parts; i++) {
        one = part[i]
        size = length(one)
        if (one ~ /^[0-9]+$/ ||
            size == 24 && one ~ /^[0-9a-f]+$/ ||
            size == 36 && one ~ /^[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+$/)
            one = "{id}"
        route = route "/" one
    }
    days[route, substr($4, 2, 2)]++
    routes[route]++
    if (mode == "full") {
        pairs[route, $3]++
        callers[$3]++
        if ($9 >= 400) errors++
    }
}

function size_of(set,    key, n) {
    for (key in set) n++
    return n + 0
}

END {
    seen = NR "," size_of(days) "," size_of(routes)
    if (mode == "full") print seen "," size_of(pairs) "," size_of(callers) "," errors + 0
    else print seen ",-,-,-"
}
