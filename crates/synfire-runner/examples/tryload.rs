fn main() {
    let mut ok = 0;
    for arg in std::env::args().skip(1) {
        let t = std::time::Instant::now();
        match synfire_runner::scenario::load(arg.as_ref()) {
            Ok(_) => ok += 1,
            Err(synfire_runner::scenario::LoadError::Problems(p)) => {
                if let Some(m) = p.unsupported_model() {
                    println!("{arg}: unsupported {m}");
                    continue;
                }
                println!("{}", p.render(100, false));
                println!("{}", p.plain());
            }
            Err(e) => println!("{e}"),
        }
        if t.elapsed().as_millis() > 100 {
            println!("{arg} {:?}", t.elapsed());
        }
    }
    println!("{ok} fine");
}
