# Says who asks, behind a filter that lets nobody else in.

#* @filter known
function(req, res) {
  if (is.null(req$HTTP_X_APP_USER)) {
    res$status <- 401
    return(list(error = "nobody"))
  }
  plumber::forward()
}

#* @get /
#* @serializer unboxedJSON
function(req) {
  list(user = req$HTTP_X_APP_USER, token = !is.null(req$HTTP_POSIT_CONNECT_USER_SESSION_TOKEN), path = req$PATH_INFO)
}
