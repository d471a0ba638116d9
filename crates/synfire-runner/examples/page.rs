fn main() {
    for e in synfire_models::CATALOGUE {
        println!("{}", synfire_runner::scenario::models_page::page(e.spec));
    }
    println!("{}", synfire_runner::scenario::models_page::markdown());
    println!("{}", synfire_runner::scenario::models_page::list());
    println!("{}", serde_json::to_string_pretty(&synfire_runner::scenario::schema()).unwrap());
}
