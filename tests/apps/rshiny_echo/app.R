# Counts clicks and says who clicked.
library(shiny)

ui <- fluidPage(titlePanel("Shiny for R"), actionButton("click", "Click"), textOutput("said"))

server <- function(input, output, session) {
  output$said <- renderText({
    token <- session$request$HTTP_POSIT_CONNECT_USER_SESSION_TOKEN
    paste0(session$user, " clicked ", input$click, " times; token: ", if (is.null(token)) "no" else "yes")
  })
}

shinyApp(ui, server)
