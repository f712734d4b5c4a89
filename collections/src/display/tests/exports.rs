//! Pictures as files, and labels that mean something to the languages they are written in. Imports: graph.

use super::*;
use crate::display::DrawingError;
use crate::error::ErrorKind;

fn hostile() -> Drawing {
    let name = "\"quote\" ] --> `end` \\N; %% #35; <b>\n|🦀|";
    let picture = Picture { collection: "Bag", detail: "i64\"]\n  x --> y".into(), grid: [].into() };
    let first = layer(name, 3, &[], picture);
    Drawing::of(&[&layer("sum", 1, &[(&first, Pattern::All)], delayed())])
}

#[test]
fn graphviz_reads_labels_as_they_are() {
    insta::assert_snapshot!(hostile().layers().dot(), @r##"
    digraph {
      rankdir=TB
      graph [fontname="sans-serif", fontsize=11]
      label="2 layers, 4 tasks"
      node [shape=box, style="rounded,filled", fontname="sans-serif", fontsize=11]
      edge [fontname="sans-serif", fontsize=9]
      n0 [label="\"quote\" ] --> `end` \\N; %% #35; <b> |🦀| ×3\ni64\"]   x --> y\ncell 3, line 2", tooltip="\"quote\" ] --> `end` \\N; %% #35; <b> |🦀|\n3 tasks\nBag i64\"]   x --> y\nbuilt in cell 3, line 2", fillcolor="#ffffff", color="#cc79a7"]
      n1 [label="sum ×1\ni64\ncell 3, line 2", tooltip="sum\n1 task\nDelayed i64\nbuilt in cell 3, line 2", fillcolor="#ffffff", color="#e69f00"]
      n0 -> n1 [label="all to all"]
    }
    "##);
}

#[test]
fn mermaid_reads_labels_as_they_are() {
    insta::assert_snapshot!(hostile().layers().left_to_right().mermaid(), @r##"
    flowchart LR
      n0["#34;quote#34; #93; #45;#45;#62; #96;end#96; #92;N#59; #37;#37; #35;35#59; #60;b#62; #124;🦀#124; ×3<br>i64#34;#93;   x #45;#45;#62; y"]
      style n0 fill:#ffffff,stroke:#cc79a7,color:#1f2328
      n1["sum ×1<br>i64"]
      style n1 fill:#ffffff,stroke:#e69f00,color:#1f2328
      n0 -->|"all to all"| n1
    "##);
}

#[test]
fn opened_layers_are_nested() {
    let opened = Drawing::of(&[&chunked_sum(1, 2)]).open("sin").unwrap();
    insta::assert_snapshot!(opened.mermaid(), @r#"
    flowchart TD
      n0["random ×2<br>f64 (1000, 1000)"]
      style n0 fill:#ffffff,stroke:#0072b2,color:#1f2328
      subgraph opened1[" "]
      n1["sin ×2<br>f64 (1000, 1000)"]
      style n1 fill:#ffffff,stroke:#0072b2,color:#1f2328
      n1_0["sin(0, 0)"]
      style n1_0 fill:#ffffff,stroke:#0072b2,color:#1f2328
      n1_1["sin(0, 1)"]
      style n1_1 fill:#ffffff,stroke:#0072b2,color:#1f2328
      end
      n2["add ×2<br>f64 (1000, 1000)"]
      style n2 fill:#ffffff,stroke:#0072b2,color:#1f2328
      n3["sum ×2<br>f64 (1000, 1000)"]
      style n3 fill:#ffffff,stroke:#0072b2,color:#1f2328
      n4["combine ×1<br>f64"]
      style n4 fill:#ffffff,stroke:#0072b2,color:#1f2328
      n5["total ×1<br>i64"]
      style n5 fill:#ffffff,stroke:#e69f00,color:#1f2328
      n0 -->|"1:1"| n1
      n0 -->|"1:1"| n2
      n1 -->|"1:1"| n2
      n2 -->|"1:1"| n3
      n3 -->|"tree"| n4
      n4 -->|"all to all"| n5
    "#);
    assert!(opened.dot().contains("subgraph cluster_n1 {"));
    let json: serde_json::Value = serde_json::from_str(&opened.json()).unwrap();
    assert_eq!(json["cards"][1]["opened"][1]["place"], "(0, 1)");
    assert_eq!(json["links"][0]["pattern"], "1:1");
}

#[test]
fn the_name_of_a_file_says_its_format() {
    let folder = tempfile::tempdir().unwrap();
    for (name, begins) in [
        ("a.svg", "<svg"),
        ("a.html", "<!doctype html>"),
        ("a.dot", "digraph"),
        ("a.GV", "digraph"),
        ("a.mmd", "flowchart"),
        ("a.mermaid", "flowchart"),
        ("a.json", "{"),
        ("a.txt", "2\u{a0}layers"),
    ] {
        let file = folder.path().join(name);
        hostile().save(&file).unwrap();
        assert!(std::fs::read_to_string(file).unwrap().starts_with(begins), "{name}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let error = hostile().save("graph.docx").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Drawing(_)));
    insta::assert_snapshot!(error, @"`graph.docx` does not end like a format that pictures can be saved in: svg, png, html, dot, gv, mmd, mermaid, json, txt");
    assert!(hostile().save("graph").is_err());
    let error = hostile().save("/no/such/folder/graph.svg").unwrap_err();
    insta::assert_snapshot!(error, @"cannot write /no/such/folder/graph.svg: No such file or directory (os error 2)");
}

#[test]
fn an_operation_that_is_not_there_is_answered_with_those_that_are() {
    let error = Drawing::of(&[&chunked_sum(2, 2)]).open("cos").unwrap_err();
    insta::assert_snapshot!(error, @"no layer of this graph is called `cos`: there are `random`, `sin`, `add`, `sum`, `combine`, `total`");
}

#[test]
fn images_have_two_pixels_to_a_unit_and_are_cut_at_none() {
    let drawings = [hostile(), Drawing::of(&[]), Drawing::of(&[&chunked_sum(6, 6)]).tasks()];
    for drawing in drawings {
        let image = match drawing.png() {
            Ok(image) => image,
            Err(error) if matches!(error.kind(), ErrorKind::Drawing(DrawingError::NoFont)) => return,
            Err(error) => panic!("{error}"),
        };
        let svg = drawing.svg();
        let width = svg.split_once("width=\"").unwrap().1.split_once('"').unwrap().0;
        let pixels = u32::from_be_bytes(image[16..20].try_into().unwrap());
        assert!(image.starts_with(b"\x89PNG\r\n\x1a\n") && pixels == 2 * width.parse::<u32>().unwrap());
    }
}
