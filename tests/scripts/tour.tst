# The script that the README shows.
create /services web
create /services/api 10.0.0.7:8080
create /services/worker 10.0.0.8:8080
list /services
get /services/api
set /services/worker 10.0.0.9:8080
get /services/worker
remove /services
remove /services/worker
get /services/worker
