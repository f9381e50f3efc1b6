# Serves a publisher's R app: run as a script by the system's Rscript, with the packages of its own library.
# Usage: Rscript --vanilla launcher.R KIND FILE PORT BASE

given <- commandArgs(trailingOnly = TRUE)
kind <- given[[1]]
file <- given[[2]]
port <- as.integer(given[[3]])
base <- if (length(given) > 3) given[[4]] else ""
setwd(dirname(file))

if (kind == "shiny") {
  whole <- tolower(basename(file)) %in% c("app.r", "server.r", "ui.r")
  shiny::runApp(if (whole) dirname(file) else file, port = port, host = "127.0.0.1", launch.browser = FALSE, quiet = TRUE)
} else {
  # Pages of documentation ask below the base path, which the gateway takes away before it passes a request on.
  options(plumber.apiPath = base)
  # An entrypoint.R makes a router itself; any other file is read for its annotations.
  router <- plumber::plumb(file)
  # Before every filter of the publisher's, so that one which asks for a password does not hide that the API serves.
  router$handle("GET", "/__ready__", function() "ok", preempt = "__first__")
  router$run(host = "127.0.0.1", port = port, quiet = TRUE)
}
